/** Why a request did not get to its receiver, or its answer not to us. The message carries no address and no secret. */
export type EgressErrorCode = 'name_unresolved' | 'address_refused' | 'unreachable' | 'timeout' | 'reply_too_large';

export class EgressError extends Error {
  override readonly name = 'EgressError';
  readonly code: EgressErrorCode;
  constructor(code: EgressErrorCode, cause?: unknown) {
    super(`egress: ${code}`, { cause });
    this.code = code;
  }
}
