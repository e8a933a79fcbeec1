import { putBlob } from '../../db/command/put-blob.ts';
import type { BlobPut } from '../../db/command/put-blob.ts';
import { recordBlobState } from '../../db/command/verify-blob.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import { digestName } from '../../domain/registry/digest.ts';
import type { StagedBlob } from '../../storage/blob-store.ts';
import type { ApiDeps } from '../deps.ts';
import type { Reply } from '../reply.ts';
import type { Call } from '../route.ts';
import { etagOf } from './blob-request.ts';
import { lookAt } from './look-at.ts';

/**
 * Puts what was staged into the caller's workspace. Bytes that are there already are looked at before anyone is told that
 * they are: nothing is rewritten, also what is corrupt. Errors: blob_corrupt, and the store's.
 */
export async function takeStaged(
  { db, blobs }: Pick<ApiDeps, 'db' | 'blobs'>,
  { caller }: Pick<Call, 'caller'>,
  digest: string,
  staged: StagedBlob,
): Promise<BlobPut> {
  const { state } = await lookAt(blobs, digest);
  if (state === 'blob_corrupt') {
    await recordBlobState(db, caller, { digest, state, asked: false });
    throw new DomainError('blob_corrupt');
  }
  return putBlob(db, caller, { digest, bytes: staged.size, keep: staged.keep });
}

/** 201 when the workspace put it for the first time, else 200. */
export const blobReply = (digest: string, bytes: number, { created, put_at }: BlobPut): Reply => ({
  status: created ? 201 : 200,
  body: { digest: digestName(digest), bytes, put_at },
  headers: {
    ETag: etagOf(digest),
    ...(created ? { Location: `/v1/registry/blobs/${digestName(digest)}` } : {}),
  },
});
