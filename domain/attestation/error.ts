// What the verifier cannot read or does not know is refused with a code, never guessed.

export const ATTESTATION_ERROR_CODES = [
  'bytes_malformed',
  'truncated',
  'trailing_bytes',
  'size_invalid',
  'magic_invalid',
  'type_unsupported',
  'algorithm_unsupported',
  'attributes_invalid',
  'value_invalid',
  'reference_invalid',
  'pcr_not_referenced',
  'approval_unjustified',
  'no_node_enrolled',
] as const;
export type AttestationErrorCode = (typeof ATTESTATION_ERROR_CODES)[number];

/** The only error this folder throws; `detail` names the field and never carries more than a few bytes of input. */
export class AttestationError extends Error {
  override readonly name = 'AttestationError';
  readonly code: AttestationErrorCode;
  readonly detail: string;

  constructor(code: AttestationErrorCode, detail: string) {
    super(`${code}: ${detail}`);
    this.code = code;
    this.detail = detail;
  }
}
