import { S3ServiceException } from '@aws-sdk/client-s3';
import { BlobError } from './blob-error.ts';
import type { BlobErrorCode } from './blob-error.ts';

/** What a server said, without what it repeats of the request: signatures and key ids stay out of logs. */
export class S3Failure extends Error {
  override readonly name = 'S3Failure';
  readonly said: string;
  readonly status: number | undefined;

  constructor(said: string, status: number | undefined) {
    super(status === undefined ? said : `${status} ${said}`);
    this.said = said;
    this.status = status;
  }
}

const MISSING = new Set(['NoSuchKey', 'NoSuchVersion', 'NoSuchUpload', 'NotFound']);
/** Said by servers with other statuses than 401 or 403: who asks may not, or what is asked may not be done. */
const DENIED = new Set([
  'AddressRefused',
  'CredentialsMissing',
  'ExpiredToken',
  'InvalidAccessKeyId',
  'InvalidRequest',
  'InvalidToken',
  'MethodNotAllowed',
  'NotImplemented',
  'ObjectLocked',
  'XAdminUserNotFound',
]);
/** What a request became on its way, and whatever a repeat may mend. */
const UNREACHABLE = new Set(['BadDigest', 'InvalidDigest', 'NoSuchBucket', 'XAmzContentSHA256Mismatch']);

/**
 * The one place that says what an error of the SDK means: what is asked for is not there, the store refuses (credentials,
 * policy, a lock, which is 403 with one server and 400 with another), or nobody can tell because nothing was answered.
 */
export function s3Failure(key: string, error: unknown): BlobError {
  if (error instanceof BlobError) return error;
  const { said, status } = whatWasSaid(error);
  return new BlobError(codeOf(said, status), key, new S3Failure(said, status));
}

function codeOf(said: string, status: number | undefined): BlobErrorCode {
  if (DENIED.has(said)) return 'blob_store_denied';
  if (UNREACHABLE.has(said)) return 'blob_store_unreachable';
  if (MISSING.has(said)) return 'blob_missing';
  if (status === 401 || status === 403) return 'blob_store_denied';
  if (status === 409 || status === 412) return 'blob_conflict';
  if (status === 400 || status === 405) return 'blob_store_denied';
  return 'blob_store_unreachable';
}

function whatWasSaid(error: unknown): { said: string; status: number | undefined } {
  if (error instanceof S3ServiceException) return { said: error.name, status: error.$metadata.httpStatusCode };
  if (!(error instanceof Error)) return { said: 'failed', status: undefined };
  const { code } = error as NodeJS.ErrnoException;
  return { said: typeof code === 'string' ? code : error.name, status: undefined };
}

/** Whether the name was taken by the time that a conditional request came. */
export const isTaken = (error: unknown): boolean => whatWasSaid(error).status === 412;

/** Whether another request for the same name was under way: it may be repeated. */
export const isRaced = (error: unknown): boolean =>
  ['ConditionalRequestConflict', 'OperationAborted'].includes(whatWasSaid(error).said);

/** Runs `work`, and has what it rejects with say what it means for `key`. */
export async function answering<T>(key: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw s3Failure(key, error);
  }
}
