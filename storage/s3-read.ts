import { createHash } from 'node:crypto';
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3';
import type { Readable } from 'node:stream';
import { BlobError } from './blob-error.ts';
import { contentDigest, requireContentOf } from './blob-store.ts';
import type { BlobReader } from './blob-store.ts';
import type { S3Bucket } from './s3-bucket.ts';
import { answering, s3Failure } from './s3-failure.ts';

/** A server that sends nothing for so long while somebody waits for it is away. */
const SILENT_MS = 30_000;

/** A blob in pieces, or one of its versions; the sum that the server keeps is asked for where the key names no digest. */
export async function readObject(objects: S3Bucket, key: string, version?: string): Promise<BlobReader> {
  const checked = contentDigest(key) === undefined;
  const answer = await answering(key, () =>
    objects.get(key, { checked, ...(version === undefined ? {} : { version }) }),
  );
  const body = bodyOf(answer);
  body.once('error', () => undefined);
  return {
    length: answer.ContentLength ?? 0,
    chunks: () => requireContentOf(key, pieces(key, body)),
    close: async () => {
      body.destroy();
    },
  };
}

const bodyOf = ({ Body: body }: GetObjectCommandOutput): Readable => body as unknown as Readable;

/** The bytes as they come. Only the wait for the server is bounded, not the time that a reader takes. */
async function* pieces(key: string, body: Readable): AsyncGenerator<Uint8Array> {
  const source = body[Symbol.asyncIterator]() as AsyncIterator<Uint8Array, void>;
  try {
    for (;;) {
      const next = await heard(source.next());
      if (next.done === true) return;
      yield next.value;
    }
  } catch (error) {
    throw brokenOff(key, error);
  } finally {
    body.destroy();
  }
}

/** A sum that does not fit is said by the SDK in words alone. */
function brokenOff(key: string, error: unknown): BlobError {
  if (error instanceof Error && error.message.startsWith('Checksum mismatch'))
    return new BlobError('blob_corrupt', key);
  return s3Failure(key, error);
}

async function heard<T>(piece: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(Object.assign(new Error('silent'), { code: 'ETIMEDOUT' })), SILENT_MS);
  });
  try {
    return await Promise.race([piece, silence]);
  } finally {
    clearTimeout(timer);
  }
}

/** All of a blob. Errors: blob_missing, blob_corrupt, and the store's. */
export async function wholeObject(objects: S3Bucket, key: string): Promise<Uint8Array> {
  const reader = await readObject(objects, key);
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of reader.chunks()) chunks.push(chunk);
    return Buffer.concat(chunks);
  } finally {
    await reader.close();
  }
}

/** The hex SHA-256 of an object's bytes, whatever its key says. Errors: the store's. */
export async function digestOfObject(objects: S3Bucket, key: string, version?: string): Promise<string> {
  const digest = createHash('sha256');
  const answer = await answering(key, () => objects.get(key, version === undefined ? {} : { version }));
  for await (const piece of pieces(key, bodyOf(answer))) digest.update(piece);
  return digest.digest('hex');
}
