import type { ExportReason } from '../../domain/export/types.ts';

/** Whether the airlock lets something out at this moment. Whatever else it does than answer `open` in time keeps it in. */
export type ReadAirlock = () => Promise<'open' | 'closed'>;

/** How far a delivery is, for whoever watches that it is alive. Bytes of the archive that were read and sent. */
export interface DeliveryProgress {
  read: number;
  sent: number;
}

export type Delivered =
  | {
      state: 'exported';
      bytes: number;
      /** Hex, of the whole archive. */
      sha256: string;
      /** `present`: an earlier attempt had completed it. */
      kept: 'stored' | 'present';
      /** The airlock was not open any more when the archive had its name. */
      closed_during_commit: boolean;
    }
  /** Nothing is found under the key; what was sent stays where it is, and the same delivery goes on from there. */
  | { state: 'blocked'; reason: ExportReason; sent: number };

export type DeliveryErrorCode =
  'blob_store_unreachable' | 'blob_store_denied' | 'blob_conflict' | 'key_invalid' | 'archive_changed';

/**
 * A delivery that came to nothing at its destination. `blob_store_unreachable` may pass by itself; `blob_conflict`: the key
 * holds another archive; `archive_changed`: what is sent now is not as long as it was said to be.
 */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError';
  readonly code: DeliveryErrorCode;

  constructor(code: DeliveryErrorCode, cause?: unknown) {
    super(`delivery: ${code}`, { cause });
    this.code = code;
  }
}
