import { createHash } from 'node:crypto';
import { BlobError } from './blob-error.ts';

/** `chunks` may be asked for once, and rejects with BlobError; whoever does not read to the end calls `close`. */
export interface BlobReader {
  length: number;
  chunks: () => AsyncIterable<Uint8Array>;
  close: () => Promise<void>;
}

/**
 * What was received and has no name yet: nobody finds it. Whoever staged it calls `discard` in the end, also of what was
 * kept. (An S3 store stages the parts of a multipart upload; keeping completes it under `If-None-Match: *`.)
 */
export interface StagedBlob {
  /** Bytes. */
  size: number;
  /** Gives it its name; may be repeated. `present`: the name was taken, and stays what it was. */
  keep: () => Promise<'stored' | 'present'>;
  /** Gives it its name in place of what is not what the name says; of a store with versions that becomes an older one. */
  replace: () => Promise<void>;
  discard: () => Promise<void>;
}

/** Where blobs are kept: written once under a key, never changed. All reject with BlobError. */
export interface BlobStore {
  /**
   * Keeps `bytes` under `key`; when this resolves they survive a loss of power. `present`: they were there already.
   * Errors: `key_invalid`, `blob_conflict`, `blob_corrupt`, `blob_store_unreachable`, `blob_store_denied`.
   */
  put(key: string, bytes: Uint8Array): Promise<'stored' | 'present'>;
  /** Errors: `key_invalid`, `blob_missing`, `blob_corrupt`, `blob_store_unreachable`, `blob_store_denied`. */
  get(key: string): Promise<Uint8Array>;
  /**
   * The same in pieces, for a blob that is sent on. The last piece comes only when all of them are what the key names: a
   * reader that was told `length` never takes a corrupt blob for a whole one.
   */
  read(key: string): Promise<BlobReader>;
  /**
   * Takes bytes as they come, at most `limit`, and checks their digest on the way where the key names one; what is received is
   * flushed and waits for `keep`. Errors besides the store's: `blob_mismatch`, `blob_too_large`, those of `chunks`.
   */
  stage(key: string, chunks: AsyncIterable<Uint8Array>, limit: number): Promise<StagedBlob>;
  /** Ends a blob that nothing refers to any more; false when there was none. */
  remove(key: string): Promise<boolean>;
  /** The keys that begin with `prefix`, which ends in a slash, in no order; as many are read as are taken. */
  list(prefix: string): AsyncIterable<string>;
  /**
   * What else a store has had under a key, the newest first: whoever reads one closes it. None where the store keeps no
   * versions.
   */
  versions(key: string): AsyncIterable<BlobReader>;
  /** Takes away what writers left that were killed before their blobs had names. */
  sweep(): Promise<void>;
  /** Resolves when blobs can be asked for. Errors: `blob_store_unreachable`, `blob_store_denied`. */
  reach(): Promise<void>;
  /** Ends what is open; nothing is asked for afterwards. */
  close(): void;
}

/** Segments that are plain names on every backend; none begins with a dot. */
const KEY = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}(?:\/[A-Za-z0-9][A-Za-z0-9._-]{0,127}){0,7}$/;

export const isKey = (text: string): boolean => KEY.test(text);

/** Throws BlobError `key_invalid`. */
export function requireKey(key: string): void {
  if (!isKey(key)) throw new BlobError('key_invalid', key);
}

/** Throws BlobError `key_invalid`; what precedes the slash is a key, or nothing. */
export function requirePrefix(prefix: string): void {
  if (prefix !== '' && !(prefix.endsWith('/') && KEY.test(prefix.slice(0, -1))))
    throw new BlobError('key_invalid', prefix);
}

/** What the registry keeps lies apart: it may be collected, what the record refers to never is. */
const CONTENT = /^(?:registry\/)?sha256\/[0-9a-f]{2}\/([0-9a-f]{64})$/;

/** The digest that a key names, as lowercase hex; undefined for a key that is no digest. */
export const contentDigest = (key: string): string | undefined => CONTENT.exec(key)?.[1];

/** The key of a blob of the registry by its hex digest. */
export const registryKey = (hex: string): string => `registry/sha256/${hex.slice(0, 2)}/${hex}`;

const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** The key of content-addressed bytes, `sha256/<first two digits>/<64 hex digits>`. */
export function contentKey(bytes: Uint8Array): string {
  const digest = digestOf(bytes);
  return `sha256/${digest.slice(0, 2)}/${digest}`;
}

/** Throws BlobError `blob_corrupt` where the key is a digest, and not that of these bytes. Every backend asks this of what it read. */
export function requireContent(key: string, bytes: Uint8Array): void {
  const named = contentDigest(key);
  if (named !== undefined && named !== digestOf(bytes)) throw new BlobError('blob_corrupt', key);
}

/** Throws BlobError where other bytes lie under a key than are put: `blob_corrupt` where it is a digest, else `blob_conflict`. */
export function requireSame(key: string, there: Uint8Array, bytes: Uint8Array): void {
  if (Buffer.compare(there, bytes) === 0) return;
  throw new BlobError(contentDigest(key) === undefined ? 'blob_conflict' : 'blob_corrupt', key);
}

/** Pieces as they come, the last one held back until the digest that the key names is that of all of them. */
export async function* requireContentOf(key: string, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const digest = createHash('sha256');
  let held: Uint8Array | undefined;
  for await (const chunk of chunks) {
    digest.update(chunk);
    if (held !== undefined) yield held;
    held = chunk;
  }
  const named = contentDigest(key);
  if (named !== undefined && named !== digest.digest('hex')) throw new BlobError('blob_corrupt', key);
  if (held !== undefined) yield held;
}
