import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import type { GetObjectCommandOutput, HeadObjectCommandOutput, S3Client } from '@aws-sdk/client-s3';
import { createHash } from 'node:crypto';
import { isRaced, isTaken, s3Failure } from './s3-failure.ts';

/** One small request with its repeats. */
export const SMALL_MS = 15_000;
/** A part of a blob on a slow line. */
export const PART_MS = 60_000;
const RACES = 5;

/** Until when, and by whom, what is put may not be deleted. */
export interface Retention {
  mode: 'GOVERNANCE' | 'COMPLIANCE';
  until: Date;
}

export interface ObjectVersion {
  id: string;
  latest: boolean;
  /** What was there was deleted, and this says so. */
  marker: boolean;
}

/** Runs a request under a signal that ends it when its time is over; the time ends with the answer's headers. */
export async function within<T>(
  ms: number,
  request: (signal: AbortSignal) => Promise<T>,
  outer?: AbortSignal,
): Promise<T> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), ms);
  const end = () => late.abort();
  if (outer?.aborted === true) end();
  outer?.addEventListener('abort', end, { once: true });
  try {
    return await request(late.signal);
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener('abort', end);
  }
}

export const lockOf = (retention: Retention | undefined) =>
  retention === undefined ? {} : { ObjectLockMode: retention.mode, ObjectLockRetainUntilDate: retention.until };

/** The objects of one bucket below one prefix, a request each. Rejects with what the SDK does; `s3Failure` says what it means. */
export class S3Bucket {
  readonly client: S3Client;
  readonly bucket: string;
  readonly prefix: string;

  constructor(client: S3Client, bucket: string, prefix: string) {
    this.client = client;
    this.bucket = bucket;
    this.prefix = prefix;
  }

  /** How requests name the object of a key. */
  at(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.bucket, Key: this.prefix + key };
  }

  /** The object, or one of its versions. Whoever has the answer reads its body or destroys it. */
  get(key: string, options: { version?: string; checked?: boolean } = {}): Promise<GetObjectCommandOutput> {
    const { version, checked = false } = options;
    const command = new GetObjectCommand({
      ...this.at(key),
      ...(version === undefined ? {} : { VersionId: version }),
      ...(checked ? { ChecksumMode: 'ENABLED' as const } : {}),
    });
    return within(SMALL_MS, (abortSignal) => this.client.send(command, { abortSignal }));
  }

  /**
   * What is known of the object; undefined where there is none. The answer to HEAD has no body, and one server says 404 to
   * an unknown access key: what is not there is asked for once more in a way that says why.
   */
  async head(key: string): Promise<HeadObjectCommandOutput | undefined> {
    try {
      const command = new HeadObjectCommand(this.at(key));
      return await within(SMALL_MS, (abortSignal) => this.client.send(command, { abortSignal }));
    } catch (error) {
      if (s3Failure(key, error).code !== 'blob_missing') throw error;
    }
    try {
      const { Body: body, ...found } = await this.get(key);
      (body as { destroy?: () => void } | undefined)?.destroy?.();
      return found;
    } catch (error) {
      if (s3Failure(key, error).code === 'blob_missing') return undefined;
      throw error;
    }
  }

  /** Puts bytes where nothing is; false where something is. With `replace` whatever is there becomes an older version. */
  async put(
    key: string,
    bytes: Uint8Array,
    { retention, replace = false }: { retention?: Retention | undefined; replace?: boolean } = {},
  ): Promise<boolean> {
    const command = new PutObjectCommand({
      ...this.at(key),
      Body: bytes,
      ContentLength: bytes.length,
      ChecksumSHA256: createHash('sha256').update(bytes).digest('base64'),
      ...(replace ? {} : { IfNoneMatch: '*' }),
      ...lockOf(retention),
    });
    return this.once(() => within(PART_MS, (abortSignal) => this.client.send(command, { abortSignal })));
  }

  /** False when a conditional request found the name taken; one that met another is repeated. */
  async once(request: () => Promise<unknown>): Promise<boolean> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await request();
        return true;
      } catch (error) {
        if (isTaken(error)) return false;
        if (attempt === RACES || !isRaced(error)) throw error;
      }
    }
  }

  /** What there is and was under a key, the newest first. */
  async versions(key: string): Promise<ObjectVersion[]> {
    const found: (ObjectVersion & { at: number })[] = [];
    const { Bucket, Key } = this.at(key);
    for (let markers: { KeyMarker?: string; VersionIdMarker?: string } | undefined = {}; markers !== undefined;) {
      const command: ListObjectVersionsCommand = new ListObjectVersionsCommand({ Bucket, Prefix: Key, ...markers });
      const page = await within(SMALL_MS, (abortSignal) => this.client.send(command, { abortSignal }));
      const { Versions = [], DeleteMarkers = [], IsTruncated, NextKeyMarker, NextVersionIdMarker } = page;
      for (const [list, marker] of [
        [Versions, false],
        [DeleteMarkers, true],
      ] as const)
        for (const { Key: name, VersionId, IsLatest, LastModified } of list)
          if (name === Key && VersionId !== undefined)
            found.push({ id: VersionId, latest: IsLatest === true, marker, at: LastModified?.getTime() ?? 0 });
      const more = IsTruncated === true && NextKeyMarker === Key;
      markers = more ? { KeyMarker: NextKeyMarker, VersionIdMarker: NextVersionIdMarker ?? '' } : undefined;
    }
    return found
      .sort((a, b) => Number(b.latest) - Number(a.latest) || b.at - a.at)
      .map(({ id, latest, marker }) => ({ id, latest, marker }));
  }

  async deleteVersion(key: string, id: string): Promise<void> {
    const command = new DeleteObjectCommand({ ...this.at(key), VersionId: id });
    await within(SMALL_MS, (abortSignal) => this.client.send(command, { abortSignal }));
  }

  /** Takes away the word that an object was deleted, so that its name is free or what it was is there again; false without one. */
  async liftMarker(key: string): Promise<boolean> {
    const [newest] = await this.versions(key);
    if (newest?.marker !== true) return false;
    await this.deleteVersion(key, newest.id);
    return true;
  }
}
