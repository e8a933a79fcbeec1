// A value that is not plain JSON has no canonical form; leniency here would give two values one digest.

export const CANONICAL_ERROR_CODES = [
  'type_unsupported',
  'number_not_finite',
  'lone_surrogate',
  'array_hole',
  'array_property',
  'undefined_member',
  'not_plain_object',
  'symbol_key',
  'hidden_property',
  'accessor_property',
  'too_deep',
  'hex_malformed',
] as const;
export type CanonicalErrorCode = (typeof CANONICAL_ERROR_CODES)[number];

/** The only error of this folder. Carries no value, only its code. */
export class CanonicalError extends Error {
  override readonly name = 'CanonicalError';
  readonly code: CanonicalErrorCode;

  constructor(code: CanonicalErrorCode) {
    super(`no canonical JSON: ${code}`);
    this.code = code;
  }
}
