import type { TpmErrorCode } from './error.ts';

export type TpmLayer = 'tpm' | 'esys' | 'sys' | 'mu' | 'tcti' | 'resmgr' | 'other';

type ResponseErrorCode = Exclude<TpmErrorCode, 'closed' | 'invalid_argument'>;

// TCG TSS 2.0 Overview and Common Structures Specification, response code layers.
const layers: Record<number, TpmLayer> = {
  0: 'tpm',
  7: 'esys',
  8: 'sys',
  9: 'mu',
  10: 'tcti',
  11: 'resmgr',
  12: 'resmgr',
};

// TPM 2.0 Library, Part 2, section 6.6. Format-one codes without their parameter, handle and session bits.
const formatOne: Record<number, ResponseErrorCode> = {
  0x08e: 'tpm_auth_failed', // TPM_RC_AUTH_FAIL
  0x0a2: 'tpm_auth_failed', // TPM_RC_BAD_AUTH
  0x0a3: 'tpm_policy_failed', // TPM_RC_EXPIRED
  0x09d: 'tpm_policy_failed', // TPM_RC_POLICY_FAIL
  0x0a4: 'tpm_policy_failed', // TPM_RC_POLICY_CC
};

const formatZero: Record<number, ResponseErrorCode> = {
  0x100: 'tpm_unavailable', // TPM_RC_INITIALIZE: the TPM was restarted and nobody started it up
  0x124: 'tpm_auth_failed', // TPM_RC_AUTH_TYPE
  0x125: 'tpm_auth_failed', // TPM_RC_AUTH_MISSING
  0x126: 'tpm_policy_failed', // TPM_RC_POLICY
  0x127: 'tpm_policy_failed', // TPM_RC_PCR
  0x128: 'tpm_policy_failed', // TPM_RC_PCR_CHANGED
  0x12f: 'tpm_auth_failed', // TPM_RC_AUTH_UNAVAILABLE
  0x148: 'tpm_auth_failed', // TPM_RC_NV_LOCKED
  0x149: 'tpm_auth_failed', // TPM_RC_NV_AUTHORIZATION
  0x14c: 'tpm_bad_parameter', // TPM_RC_NV_DEFINED
  0x902: 'tpm_out_of_slots', // TPM_RC_OBJECT_MEMORY
  0x903: 'tpm_out_of_slots', // TPM_RC_SESSION_MEMORY
  0x904: 'tpm_out_of_slots', // TPM_RC_MEMORY
  0x905: 'tpm_out_of_slots', // TPM_RC_SESSION_HANDLES
  0x906: 'tpm_out_of_slots', // TPM_RC_OBJECT_HANDLES
  0x907: 'tpm_bad_parameter', // TPM_RC_LOCALITY: such as a reset of a PCR of the boot chain
  0x908: 'tpm_busy', // TPM_RC_YIELDED
  0x909: 'tpm_busy', // TPM_RC_CANCELED
  0x90a: 'tpm_busy', // TPM_RC_TESTING
  0x920: 'tpm_busy', // TPM_RC_NV_RATE
  0x921: 'tpm_auth_failed', // TPM_RC_LOCKOUT
  0x922: 'tpm_busy', // TPM_RC_RETRY
  0x923: 'tpm_busy', // TPM_RC_NV_UNAVAILABLE
};

// The same numbers in each layer of the software stack.
const software: Record<number, ResponseErrorCode> = {
  5: 'tpm_bad_parameter', // BAD_REFERENCE
  9: 'tpm_busy', // TRY_AGAIN
  10: 'tpm_unavailable', // IO_ERROR
  11: 'tpm_bad_parameter', // BAD_VALUE
  16: 'tpm_bad_parameter', // BAD_SIZE
  17: 'tpm_unavailable', // MALFORMED_RESPONSE: the stream was cut in the middle of an answer
  19: 'tpm_unavailable', // INSUFFICIENT_RESPONSE
};

/** Sorts a TSS2_RC by what the caller can do about it. */
export function classify(rc: number): { code: ResponseErrorCode; layer: TpmLayer } {
  const layer = layers[(rc >>> 16) & 0xff] ?? 'other';
  if (layer === 'tpm' || layer === 'resmgr') return { code: ofTpm(rc & 0xffff), layer };
  if (layer === 'tcti') return { code: software[rc & 0xffff] === 'tpm_busy' ? 'tpm_busy' : 'tpm_unavailable', layer };
  return { code: software[rc & 0xffff] ?? 'tpm_error', layer };
}

function ofTpm(rc: number): ResponseErrorCode {
  const isFormatOne = (rc & 0x80) !== 0;
  return isFormatOne ? (formatOne[rc & 0xbf] ?? 'tpm_bad_parameter') : (formatZero[rc] ?? 'tpm_error');
}
