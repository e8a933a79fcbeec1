/**
 * What became of a blob that was asked for. `blob_conflict`: the key holds something else, and nothing is ever
 * overwritten; `blob_corrupt`: what lies there is not what its key names; `blob_mismatch`: what was sent is not.
 */
export type BlobErrorCode =
  | 'key_invalid'
  | 'blob_missing'
  | 'blob_corrupt'
  | 'blob_conflict'
  | 'blob_mismatch'
  | 'blob_too_large'
  | 'blob_store_unreachable'
  | 'blob_store_denied';

/** The message names the key and never what is in it. */
export class BlobError extends Error {
  override readonly name = 'BlobError';
  readonly code: BlobErrorCode;

  constructor(code: BlobErrorCode, key: string, cause?: unknown) {
    super(`${code}: ${JSON.stringify(key.slice(0, 200))}`, { cause });
    this.code = code;
  }
}
