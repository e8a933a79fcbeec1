/** How much of an archive is where it goes: whole parts, and what finds them again after a restart. */
export interface OpenExport {
  /** The destination's own handle of what has no name yet; kept in the record of the export. */
  handle: string;
  /** Bytes, from the start, that need not be sent again. */
  received: number;
}

/**
 * Where archives are delivered, part by part. Nothing is found under `key` before `complete`, nothing is ever overwritten.
 * All reject with BlobError: `blob_store_unreachable`, `blob_store_denied`, `blob_conflict`, `key_invalid`.
 */
export interface ExportDestination {
  /** Begins, or finds again what `handle` names; where that is gone it begins anew. */
  open(key: string, handle: string | null): Promise<OpenExport>;
  /** The bytes from `start` on, at most 8 MiB; the same again changes nothing. Parts come in order and all but the last are of one size. */
  part(key: string, handle: string, start: number, bytes: Uint8Array): Promise<void>;
  /**
   * Gives all of it its name, at once or not at all, under a lock until `retain_until` where the destination has one.
   * `present`: the same bytes have the name already. `blob_conflict`: others have it; `blob_mismatch`: what was sent is not
   * what was announced, or there any more, and is gone.
   */
  complete(
    key: string,
    handle: string,
    whole: { bytes: number; sha256: string; retain_until: string | null },
    signal: AbortSignal,
  ): Promise<'stored' | 'present'>;
  /** Forgets what has no name yet; nothing to forget is no error. */
  abort(key: string, handle: string): Promise<void>;
}
