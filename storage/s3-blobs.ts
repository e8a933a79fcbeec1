import { ListMultipartUploadsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { BlobError } from './blob-error.ts';
import { contentDigest, isKey, requireContent, requireKey, requirePrefix, requireSame } from './blob-store.ts';
import type { BlobReader, BlobStore, StagedBlob } from './blob-store.ts';
import { S3Bucket, SMALL_MS, within } from './s3-bucket.ts';
import type { Retention } from './s3-bucket.ts';
import { openS3 } from './s3-client.ts';
import type { S3Place } from './s3-client.ts';
import { answering, s3Failure } from './s3-failure.ts';
import { abortUpload } from './s3-multipart.ts';
import { readObject, wholeObject } from './s3-read.ts';
import { finish, forget, receive } from './s3-staging.ts';

/** Blobs share a bucket with what is not ours; nothing outside is listed, swept or read. */
const PREFIX = 'blobs/';
/** An upload this old is of a writer that ended before its blob had a name. */
const ABANDONED_MS = 86_400_000;
const DAY_MS = 86_400_000;
/** What may be collected, and what is put to be taken away again. */
const UNLOCKED = /^(?:registry|probes)\//;

export interface S3BlobsOptions extends S3Place {
  /** How what the record refers to is locked; the registry's blobs, which may be collected, are not. */
  retention?: { mode: Retention['mode']; days: number } | undefined;
}

/** Blobs as objects of a bucket. Names are given under `If-None-Match: *`, so of two writers one has it and both are told. */
export class S3Blobs implements BlobStore {
  readonly #objects: S3Bucket;
  readonly #retention: S3BlobsOptions['retention'];

  constructor(options: S3BlobsOptions) {
    this.#objects = new S3Bucket(openS3(options), options.bucket, PREFIX);
    this.#retention = options.retention;
  }

  async put(key: string, bytes: Uint8Array): Promise<'stored' | 'present'> {
    requireKey(key);
    requireContent(key, bytes);
    const put = (replace: boolean) =>
      answering(key, () => this.#objects.put(key, bytes, { retention: this.#lock(key), replace }));
    if ((await this.#name(key, put)) === 'stored') return 'stored';
    requireSame(key, await wholeObject(this.#objects, key), bytes);
    return 'present';
  }

  async get(key: string): Promise<Uint8Array> {
    requireKey(key);
    return wholeObject(this.#objects, key);
  }

  async read(key: string): Promise<BlobReader> {
    requireKey(key);
    return readObject(this.#objects, key);
  }

  async stage(key: string, chunks: AsyncIterable<Uint8Array>, limit: number): Promise<StagedBlob> {
    requireKey(key);
    const retention = this.#lock(key);
    const received = await receive(this.#objects, key, { chunks, limit, retention });
    const give = (replace: boolean) => finish(this.#objects, key, received, { replace, retention });
    let named = false;
    return {
      size: received.size,
      keep: async () => {
        const kept = named ? await this.#still(key) : await this.#name(key, give);
        named = true;
        return kept;
      },
      replace: async () => {
        named = await give(true);
        if (!named) throw new BlobError('blob_store_unreachable', key);
      },
      discard: () => (named ? Promise.resolve() : forget(this.#objects, key, received)),
    };
  }

  async remove(key: string): Promise<boolean> {
    requireKey(key);
    return answering(key, async () => {
      const versions = await this.#objects.versions(key);
      for (const { id } of versions) await this.#objects.deleteVersion(key, id);
      return versions[0]?.marker === false;
    });
  }

  async *versions(key: string): AsyncGenerator<BlobReader> {
    requireKey(key);
    for (const { id, latest, marker } of await answering(key, () => this.#objects.versions(key)))
      if (!latest && !marker) yield await readObject(this.#objects, key, id);
  }

  async *list(prefix: string): AsyncGenerator<string> {
    requirePrefix(prefix);
    const { Bucket, Key: Prefix } = this.#objects.at(prefix);
    for (let after: string | undefined; ;) {
      const ContinuationToken = after;
      const command = new ListObjectsV2Command({ Bucket, Prefix, ContinuationToken });
      const page = await answering(prefix, () =>
        within(SMALL_MS, (abortSignal) => this.#objects.client.send(command, { abortSignal })),
      );
      for (const { Key = '' } of page.Contents ?? []) {
        const key = Key.slice(PREFIX.length);
        if (isKey(key)) yield key;
      }
      after = page.NextContinuationToken;
      if (after === undefined) return;
    }
  }

  async sweep(now = Date.now()): Promise<void> {
    const { Bucket } = this.#objects.at('');
    await answering('', async () => {
      for (let marker: { KeyMarker?: string; UploadIdMarker?: string } | undefined = {}; marker !== undefined;) {
        const command: ListMultipartUploadsCommand = new ListMultipartUploadsCommand({
          Bucket,
          Prefix: PREFIX,
          ...marker,
        });
        const page = await within(SMALL_MS, (abortSignal) => this.#objects.client.send(command, { abortSignal }));
        for (const { Key = '', UploadId = '', Initiated } of page.Uploads ?? [])
          if (Initiated !== undefined && now - Initiated.getTime() > ABANDONED_MS)
            await abortUpload(this.#objects, Key.slice(PREFIX.length), UploadId);
        const { IsTruncated, NextKeyMarker: KeyMarker = '', NextUploadIdMarker: UploadIdMarker = '' } = page;
        marker = IsTruncated === true ? { KeyMarker, UploadIdMarker } : undefined;
      }
    });
  }

  async reach(): Promise<void> {
    const { Bucket, Key: Prefix } = this.#objects.at('');
    const command = new ListObjectsV2Command({ Bucket, Prefix, MaxKeys: 1 });
    await answering('', () => within(SMALL_MS, (abortSignal) => this.#objects.client.send(command, { abortSignal })));
  }

  close(): void {
    this.#objects.client.destroy();
  }

  #lock(key: string): Retention | undefined {
    if (this.#retention === undefined || UNLOCKED.test(key)) return undefined;
    const { mode, days } = this.#retention;
    return { mode, until: new Date(Date.now() + days * DAY_MS) };
  }

  /**
   * Gives a name that is free. Where somebody had the object deleted, one server takes that word for an object: it is taken
   * away, and what was there before stays when it is whole.
   */
  async #name(key: string, give: (replace: boolean) => Promise<boolean>): Promise<'stored' | 'present'> {
    if (await give(false)) return 'stored';
    if ((await answering(key, () => this.#objects.head(key))) !== undefined) return 'present';
    if (await answering(key, () => this.#objects.liftMarker(key))) {
      if (await give(false)) return 'stored';
      if (await this.#whole(key)) return 'present';
      if (await give(true)) return 'stored';
    }
    throw new BlobError('blob_store_unreachable', key);
  }

  /** A name that was given once and is asked for again. */
  async #still(key: string): Promise<'present'> {
    if ((await answering(key, () => this.#objects.head(key))) !== undefined) return 'present';
    throw new BlobError('blob_store_unreachable', key);
  }

  async #whole(key: string): Promise<boolean> {
    if (contentDigest(key) === undefined) return true;
    const reader = await readObject(this.#objects, key);
    try {
      let bytes = 0;
      for await (const chunk of reader.chunks()) bytes += chunk.length;
      return bytes === reader.length;
    } catch (error) {
      if (s3Failure(key, error).code === 'blob_corrupt') return false;
      throw error;
    } finally {
      await reader.close();
    }
  }
}
