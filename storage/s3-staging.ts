import { createHash } from 'node:crypto';
import type { CompletedPart } from '@aws-sdk/client-s3';
import { BlobError } from './blob-error.ts';
import { contentDigest } from './blob-store.ts';
import type { Retention, S3Bucket } from './s3-bucket.ts';
import { answering } from './s3-failure.ts';
import { abortUpload, completeUpload, createUpload, MOST_PARTS, uploadPart } from './s3-multipart.ts';

const PART = 8 * 1024 * 1024;
/** Parts on their way while the next one fills. */
const AT_ONCE = 2;

/** What came: all of it, where it fits into one part, else the parts of an upload that nobody finds. */
export type Received = { size: number } & (
  { kind: 'bytes'; bytes: Uint8Array } | { kind: 'upload'; id: string; parts: CompletedPart[] }
);

/**
 * Receives at most `limit` bytes and checks their digest where the key names one; three parts are held at most. Rejects with
 * what `chunks` throws, with blob_mismatch, blob_too_large and the store's; then nothing is left.
 */
export async function receive(
  objects: S3Bucket,
  key: string,
  { chunks, limit, retention }: { chunks: AsyncIterable<Uint8Array>; limit: number; retention: Retention | undefined },
): Promise<Received> {
  const upload = new Upload(objects, key, retention);
  const digest = createHash('sha256');
  const partSize = Math.max(PART, Math.ceil(limit / MOST_PARTS));
  let held: Uint8Array[] = [];
  let waiting = 0;
  let size = 0;
  try {
    for await (const chunk of chunks) {
      size += chunk.length;
      if (size > limit) throw new BlobError('blob_too_large', key);
      digest.update(chunk);
      let rest = chunk;
      while (waiting + rest.length > partSize) {
        const cut = partSize - waiting;
        await upload.send(Buffer.concat([...held, rest.subarray(0, cut)]));
        [held, waiting, rest] = [[], 0, rest.subarray(cut)];
      }
      held.push(rest);
      waiting += rest.length;
    }
    const named = contentDigest(key);
    if (named !== undefined && named !== digest.digest('hex')) throw new BlobError('blob_mismatch', key);
    const last = Buffer.concat(held);
    if (upload.id === undefined) return { size, kind: 'bytes', bytes: last };
    if (last.length > 0) await upload.send(last);
    return { size, kind: 'upload', id: upload.id, parts: await upload.all() };
  } catch (error) {
    await upload.abort();
    throw error;
  }
}

/** Parts in order, a few on their way at once. */
class Upload {
  id: string | undefined;
  readonly #objects: S3Bucket;
  readonly #key: string;
  readonly #retention: Retention | undefined;
  readonly #sent: Promise<CompletedPart>[] = [];

  constructor(objects: S3Bucket, key: string, retention: Retention | undefined) {
    this.#objects = objects;
    this.#key = key;
    this.#retention = retention;
  }

  async send(bytes: Uint8Array): Promise<void> {
    await answering(this.#key, async () => {
      this.id ??= await createUpload(this.#objects, this.#key, { retention: this.#retention });
      const part = uploadPart(this.#objects, this.#key, { id: this.id, number: this.#sent.length + 1 }, bytes);
      part.catch(() => undefined);
      this.#sent.push(part);
      await this.#sent.at(-AT_ONCE);
    });
  }

  all(): Promise<CompletedPart[]> {
    return answering(this.#key, () => Promise.all(this.#sent));
  }

  /** After the parts that are on their way: one that came later would stay. */
  async abort(): Promise<void> {
    await Promise.allSettled(this.#sent);
    if (this.id !== undefined) await abortUpload(this.#objects, this.#key, this.id).catch(() => undefined);
  }
}

/** Gives what was received its name; false where that is taken. With `replace` whatever is there becomes an older version. */
export function finish(
  objects: S3Bucket,
  key: string,
  received: Received,
  { replace = false, retention }: { replace?: boolean; retention: Retention | undefined },
): Promise<boolean> {
  return answering(key, () =>
    received.kind === 'bytes'
      ? objects.put(key, received.bytes, { retention, replace })
      : completeUpload(objects, key, { id: received.id, parts: received.parts, bytes: received.size, replace }),
  );
}

export async function forget(objects: S3Bucket, key: string, received: Received): Promise<void> {
  if (received.kind === 'upload') await abortUpload(objects, key, received.id).catch(() => undefined);
}
