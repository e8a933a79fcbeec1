import type { ExportReason } from '../../domain/export/types.ts';

/** Whether anything may leave at this moment. Whatever else it does than answer `open` in time keeps it in. */
export type ReadAirlock = () => Promise<'open' | 'closed'>;

/** All bytes are where they go, without a name yet, and every blob had its digest. `sha256`: hex, of the whole archive. */
export interface Sent {
  handle: string;
  bytes: number;
  sha256: string;
}

export type DeliveryErrorCode =
  | Extract<ExportReason, 'airlock_closed' | 'blob_store_unreachable' | 'blob_store_denied'>
  | 'blob_conflict'
  | 'blob_mismatch'
  | 'key_invalid'
  | 'archive_changed';

/**
 * A delivery that does not go on. `airlock_closed`: what was sent stays where it is, without its name; `blob_store_…`: of the
 * destination; `blob_conflict`: the key is that of another archive; `blob_mismatch`: what was sent is not there any more, or
 * something else; `archive_changed`: it is not as long as it was said to be.
 */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError';
  readonly code: DeliveryErrorCode;

  constructor(code: DeliveryErrorCode, cause?: unknown) {
    super(`delivery: ${code}`, { cause });
    this.code = code;
  }
}
