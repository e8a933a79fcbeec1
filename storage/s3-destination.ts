import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { PART_BYTES } from '../domain/export/part.ts';
import { BlobError } from './blob-error.ts';
import { requireKey } from './blob-store.ts';
import type { ExportDestination, OpenExport } from './export-destination.ts';
import { S3Bucket } from './s3-bucket.ts';
import type { Retention } from './s3-bucket.ts';
import { openS3 } from './s3-client.ts';
import { answering } from './s3-failure.ts';
import { hasLocks, lockObject } from './s3-locks.ts';
import {
  abortUpload,
  completeUpload,
  crc32Text,
  createUpload,
  listParts,
  MOST_PARTS,
  uploadPart,
} from './s3-multipart.ts';
import type { KnownPart } from './s3-multipart.ts';
import type { S3Folder } from './s3-place.ts';
import { digestOfObject } from './s3-read.ts';
import { untilAborted } from './until-aborted.ts';

const HANDLE = /^[\x21-\x7e]{1,1024}$/;
/** Uploads and digests that are kept at hand. */
const REMEMBERED = 64;

/** What is known of an upload: its parts by number, and the digest of the bytes that this process has seen of it from the start. */
interface Draft {
  parts: Map<number, KnownPart>;
  digest: Hash;
  digested: number;
}

/**
 * Archives as objects of a bucket: an upload in parts, found again by its id, that becomes an object under
 * `If-None-Match: *` and is locked where the bucket has locks. A part is summed on its way; the digest of the whole is checked
 * before it has its name where one process sent all of it: what an earlier one sent cannot be read until it has a name.
 */
export class S3Destination implements ExportDestination {
  readonly #objects: S3Bucket;
  readonly #mode: Retention['mode'];
  readonly #drafts = new Map<string, Draft>();
  /** Hex digests of objects that have their name, by what they are. */
  readonly #named = new Map<string, Promise<string>>();

  constructor(folder: S3Folder, mode: Retention['mode'] = 'COMPLIANCE') {
    this.#objects = new S3Bucket(openS3(folder), folder.bucket, folder.prefix);
    this.#mode = mode;
  }

  async open(key: string, handle: string | null): Promise<OpenExport> {
    requireKey(key);
    return answering(key, async () => {
      const draft = handle === null ? undefined : await this.#draft(key, handle);
      if (handle !== null && draft !== undefined) return { handle, received: wholeFrom(draft) };
      const begun = await createUpload(this.#objects, key);
      remember(this.#drafts, begun, { parts: new Map<number, KnownPart>(), digest: createHash('sha256'), digested: 0 });
      return { handle: begun, received: 0 };
    });
  }

  async part(key: string, handle: string, start: number, bytes: Uint8Array): Promise<void> {
    requireKey(key);
    const number = start / PART_BYTES + 1;
    if (number > MOST_PARTS) throw new BlobError('blob_too_large', key);
    return answering(key, async () => {
      const draft = await this.#draft(key, handle);
      // Gone, or a gap, or parts of another size than before: nothing that could be made whole.
      if (draft === undefined || !Number.isInteger(number) || wholeFrom(draft) < start)
        throw new BlobError('blob_store_unreachable', key);
      const known = draft.parts.get(number);
      if (known === undefined || known.bytes < PART_BYTES) {
        const { ETag } = await uploadPart(this.#objects, key, { id: handle, number }, bytes);
        draft.parts.set(number, { number, bytes: bytes.length, etag: ETag, sum: crc32Text(bytes) });
      } else if (known.bytes !== bytes.length || known.sum !== crc32Text(bytes)) {
        throw new BlobError('blob_conflict', key);
      }
      if (draft.digested !== start) return;
      draft.digest.update(bytes);
      draft.digested += bytes.length;
    });
  }

  async complete(
    key: string,
    handle: string,
    whole: { bytes: number; sha256: string; retain_until: string | null },
    signal: AbortSignal,
  ): Promise<'stored' | 'present'> {
    requireKey(key);
    return answering(key, async () => {
      signal.throwIfAborted();
      const draft = await this.#draft(key, handle);
      const lock = await this.#lock(whole.retain_until);
      if (draft === undefined) return this.#present(key, whole, lock, signal);
      if (!fits(draft, whole)) {
        await this.abort(key, handle);
        throw new BlobError('blob_mismatch', key);
      }
      const parts = [...draft.parts.values()].sort((a, b) => a.number - b.number);
      const given = await completeUpload(this.#objects, key, {
        id: handle,
        parts: parts.map(({ number, etag, sum }) => ({ PartNumber: number, ETag: etag, ChecksumCRC32: sum })),
        bytes: whole.bytes,
        signal,
      });
      this.#drafts.delete(handle);
      if (!given) {
        const found = await this.#present(key, whole, lock, signal);
        await abortUpload(this.#objects, key, handle);
        return found;
      }
      if (lock !== undefined) await lockObject(this.#objects, key, lock);
      return 'stored';
    });
  }

  async abort(key: string, handle: string): Promise<void> {
    requireKey(key);
    await answering(key, async () => {
      requireHandle(key, handle);
      this.#drafts.delete(handle);
      await abortUpload(this.#objects, key, handle);
    });
  }

  close(): void {
    this.#objects.client.destroy();
  }

  /** An upload of ours, or one that an earlier process left; undefined where it is gone, or is an object by now. */
  async #draft(key: string, handle: string): Promise<Draft | undefined> {
    requireHandle(key, handle);
    const known = this.#drafts.get(handle);
    if (known !== undefined) return known;
    const parts = await listParts(this.#objects, key, handle);
    if (parts === undefined) return undefined;
    const draft = {
      parts: new Map(parts.map((part) => [part.number, part])),
      digest: createHash('sha256'),
      digested: 0,
    };
    return remember(this.#drafts, handle, draft);
  }

  async #lock(retain_until: string | null): Promise<Retention | undefined> {
    const until = new Date(retain_until ?? 0);
    if (until.getTime() <= Date.now() || !(await hasLocks(this.#objects))) return undefined;
    return { mode: this.#mode, until };
  }

  /** Throws BlobError `blob_conflict` where the name is that of other bytes, `blob_mismatch` where there is none. */
  async #present(
    key: string,
    { bytes, sha256 }: { bytes: number; sha256: string },
    lock: Retention | undefined,
    signal: AbortSignal,
  ): Promise<'present'> {
    const found = await this.#objects.head(key);
    if (found === undefined) throw new BlobError('blob_mismatch', key);
    if (found.ContentLength !== bytes) throw new BlobError('blob_conflict', key);
    const name = [key, found.VersionId, found.ETag].join(' ');
    const digest =
      this.#named.get(name) ?? remember(this.#named, name, digestOfObject(this.#objects, key, found.VersionId));
    // What takes longer than its asker waits goes on, and is there for the next one.
    digest.catch(() => this.#named.delete(name));
    if ((await untilAborted(digest, signal)) !== sha256) throw new BlobError('blob_conflict', key);
    // It may be what we named ourselves, killed before it was locked.
    if (lock !== undefined && found.ObjectLockMode === undefined) await lockObject(this.#objects, key, lock);
    return 'present';
  }
}

/** How much is there in whole parts, from the start. */
function wholeFrom({ parts }: Draft): number {
  let number = 0;
  while (parts.get(number + 1)?.bytes === PART_BYTES) number += 1;
  return number * PART_BYTES;
}

/** Whether the parts are as long as the whole and none is missing, and its digest, as far as this process saw all of it. */
function fits({ parts, digest, digested }: Draft, whole: { bytes: number; sha256: string }): boolean {
  const sizes = Array.from({ length: parts.size }, (_unused, i) => parts.get(i + 1)?.bytes ?? Number.NaN);
  if (sizes.reduce((sum, size) => sum + size, 0) !== whole.bytes) return false;
  return digested !== whole.bytes || digest.copy().digest('hex') === whole.sha256;
}

function requireHandle(key: string, handle: string): void {
  if (!HANDLE.test(handle)) throw new BlobError('key_invalid', key);
}

function remember<T>(kept: Map<string, T>, name: string, value: T): T {
  const [oldest] = kept.keys();
  if (kept.size >= REMEMBERED && oldest !== undefined) kept.delete(oldest);
  kept.set(name, value);
  return value;
}
