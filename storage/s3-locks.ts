import { GetObjectLockConfigurationCommand, PutObjectRetentionCommand } from '@aws-sdk/client-s3';
import { SMALL_MS, within } from './s3-bucket.ts';
import type { Retention, S3Bucket } from './s3-bucket.ts';
import { S3Failure, s3Failure } from './s3-failure.ts';

/** What servers say of a bucket that was made without locks, or of locks that they do not have. */
const NONE = new Set(['ObjectLockConfigurationNotFoundError', 'NoSuchObjectLockConfiguration', 'NotImplemented']);

/** Whether objects of the bucket can be locked. Rejects with BlobError. */
export async function hasLocks(objects: S3Bucket): Promise<boolean> {
  const command = new GetObjectLockConfigurationCommand({ Bucket: objects.bucket });
  try {
    const answer = await within(SMALL_MS, (abortSignal) => objects.client.send(command, { abortSignal }));
    return answer.ObjectLockConfiguration?.ObjectLockEnabled === 'Enabled';
  } catch (error) {
    const failure = s3Failure(objects.prefix, error);
    if (failure.cause instanceof S3Failure && NONE.has(failure.cause.said)) return false;
    throw failure;
  }
}

/** Locks an object that has its name; the same again changes nothing. Rejects with what the SDK does. */
export async function lockObject(objects: S3Bucket, key: string, { mode, until }: Retention): Promise<void> {
  const command = new PutObjectRetentionCommand({
    ...objects.at(key),
    Retention: { Mode: mode, RetainUntilDate: until },
    ChecksumAlgorithm: 'SHA256',
  });
  await within(SMALL_MS, (abortSignal) => objects.client.send(command, { abortSignal }));
}
