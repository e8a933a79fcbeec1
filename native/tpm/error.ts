import { classify, type TpmLayer } from './response-code.ts';

/**
 * - `tpm_unavailable`: the TCTI cannot connect, the connection broke, the TPM does not answer or needs TPM2_Startup.
 *   The connection is of no more use; `openTpm` again.
 * - `tpm_busy`: the TPM asks to try again later, or PCRs kept changing while they were read.
 * - `tpm_out_of_slots`: no room for an object or a session (TPM_RC_OBJECT_MEMORY, TPM_RC_SESSION_MEMORY and kin).
 * - `tpm_auth_failed`: wrong or missing authorisation, or lockout.
 * - `tpm_policy_failed`: a policy session did not satisfy the object's policy.
 * - `tpm_bad_parameter`: the TPM, or the state of what a handle names, does not allow these arguments.
 * - `tpm_error`: every other response code, also TPM_RC_FAILURE: some TPMs answer it to a seed that does not decrypt,
 *   and one in failure mode needs a reset that a new connection does not bring.
 * - `closed`: the call came after `close`.
 * - `invalid_argument`: refused before anything was sent.
 */
export type TpmErrorCode =
  | 'tpm_unavailable'
  | 'tpm_busy'
  | 'tpm_out_of_slots'
  | 'tpm_auth_failed'
  | 'tpm_policy_failed'
  | 'tpm_bad_parameter'
  | 'tpm_error'
  | 'closed'
  | 'invalid_argument';

/** Why a TPM call failed. `rc` is the response code as the TSS gave it, `layer` who gave it; null where nobody did. */
export class TpmError extends Error {
  override readonly name = 'TpmError';
  readonly code: TpmErrorCode;
  readonly rc: number | null;
  readonly layer: TpmLayer | null;

  constructor(code: TpmErrorCode, message: string, origin: { rc: number; layer: TpmLayer } | null = null) {
    super(message);
    this.code = code;
    this.rc = origin?.rc ?? null;
    this.layer = origin?.layer ?? null;
  }
}

/** What the addon rejects with: `rc` is 0 where no TSS layer was involved. */
export function fromAddon(error: unknown): TpmError {
  const message = error instanceof Error ? error.message : String(error);
  const rc = error instanceof Error && 'rc' in error && typeof error.rc === 'number' ? error.rc : 0;
  if (rc === 0) return new TpmError('tpm_bad_parameter', message);
  const { code, layer } = classify(rc);
  return new TpmError(code, message, { rc, layer });
}
