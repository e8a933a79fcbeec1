import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListPartsCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { CompletedPart } from '@aws-sdk/client-s3';
import { crc32 } from 'node:zlib';
import { lockOf, PART_MS, SMALL_MS, within } from './s3-bucket.ts';
import type { Retention, S3Bucket } from './s3-bucket.ts';

/** What S3 allows of one upload. */
export const MOST_PARTS = 10_000;
/** A server may copy all the parts before it answers; so much of them per millisecond at least. */
const COPIED_PER_MS = 10 * 1024;

export interface UploadOptions {
  retention?: Retention | undefined;
  metadata?: Record<string, string>;
}

/** Begins an upload whose parts nobody finds before it is completed. Returns its id. */
export async function createUpload(objects: S3Bucket, key: string, options: UploadOptions = {}): Promise<string> {
  const command = new CreateMultipartUploadCommand({
    ...objects.at(key),
    ChecksumAlgorithm: 'CRC32',
    ...(options.metadata === undefined ? {} : { Metadata: options.metadata }),
    ...lockOf(options.retention),
  });
  const { UploadId } = await within(SMALL_MS, (abortSignal) => objects.client.send(command, { abortSignal }));
  if (UploadId === undefined) throw new Error('no id of an upload came');
  return UploadId;
}

/** The CRC-32 of bytes as S3 writes it. */
export function crc32Text(bytes: Uint8Array): string {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(bytes));
  return sum.toString('base64');
}

/** One part; its number counts from 1. The same again replaces it. */
export async function uploadPart(
  objects: S3Bucket,
  key: string,
  { id, number }: { id: string; number: number },
  bytes: Uint8Array,
): Promise<CompletedPart> {
  const sum = crc32Text(bytes);
  const command = new UploadPartCommand({
    ...objects.at(key),
    UploadId: id,
    PartNumber: number,
    Body: bytes,
    ContentLength: bytes.length,
    ChecksumCRC32: sum,
  });
  const { ETag } = await within(PART_MS, (abortSignal) => objects.client.send(command, { abortSignal }));
  return { PartNumber: number, ETag, ChecksumCRC32: sum };
}

export interface KnownPart {
  number: number;
  bytes: number;
  etag: string | undefined;
  /** Of its bytes, CRC-32 as S3 writes it. */
  sum: string | undefined;
}

/** The parts that the server has of an upload; undefined where there is no such upload. */
export async function listParts(objects: S3Bucket, key: string, id: string): Promise<KnownPart[] | undefined> {
  const parts: KnownPart[] = [];
  try {
    for (let after: string | undefined; ;) {
      const command: ListPartsCommand = new ListPartsCommand({
        ...objects.at(key),
        UploadId: id,
        PartNumberMarker: after,
      });
      const page = await within(SMALL_MS, (abortSignal) => objects.client.send(command, { abortSignal }));
      for (const { PartNumber: number = 0, Size: bytes = 0, ETag: etag, ChecksumCRC32: sum } of page.Parts ?? [])
        parts.push({ number, bytes, etag, sum });
      if (page.IsTruncated !== true || page.NextPartNumberMarker === undefined) return parts;
      after = page.NextPartNumberMarker;
    }
  } catch (error) {
    if ((error as Error).name === 'NoSuchUpload') return undefined;
    throw error;
  }
}

export interface Completion {
  id: string;
  parts: CompletedPart[];
  bytes: number;
  /** In place of what is there, which becomes an older version. */
  replace?: boolean;
  signal?: AbortSignal;
}

/** Makes an object of the parts, at once; false where the name is taken, or the upload gone: it may be the object by now. */
export async function completeUpload(objects: S3Bucket, key: string, completion: Completion): Promise<boolean> {
  const { id, parts, bytes, replace = false, signal } = completion;
  const command = new CompleteMultipartUploadCommand({
    ...objects.at(key),
    UploadId: id,
    MultipartUpload: { Parts: parts },
    ...(replace ? {} : { IfNoneMatch: '*' }),
  });
  const ms = PART_MS + Math.ceil(bytes / COPIED_PER_MS);
  try {
    return await objects.once(() => within(ms, (abortSignal) => objects.client.send(command, { abortSignal }), signal));
  } catch (error) {
    if ((error as Error).name === 'NoSuchUpload') return false;
    throw error;
  }
}

/** Forgets the parts; an upload that is gone is none to forget. */
export async function abortUpload(objects: S3Bucket, key: string, id: string): Promise<void> {
  const command = new AbortMultipartUploadCommand({ ...objects.at(key), UploadId: id });
  try {
    await within(SMALL_MS, (abortSignal) => objects.client.send(command, { abortSignal }));
  } catch (error) {
    if ((error as Error).name !== 'NoSuchUpload') throw error;
  }
}
