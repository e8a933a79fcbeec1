// A baseline that is malformed, out of order or approved without a cause is refused with a code.

export type IntegrityErrorCode = 'baseline_invalid' | 'approval_unjustified';

export class IntegrityError extends Error {
  override readonly name = 'IntegrityError';
  readonly code: IntegrityErrorCode;

  constructor(code: IntegrityErrorCode, detail: string) {
    super(`${code}: ${detail}`);
    this.code = code;
  }
}
