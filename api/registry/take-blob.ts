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

type Store = Pick<ApiDeps, 'db' | 'blobs'>;

/** Nothing is rewritten, also what is corrupt: who puts it again is told. Errors: blob_corrupt, and the store's. */
export async function requireAbsentOrWhole(
  { db, blobs }: Store,
  { caller }: Pick<Call, 'caller'>,
  digest: string,
): Promise<void> {
  const { state } = await lookAt(blobs, digest);
  if (state !== 'blob_corrupt') return;
  await recordBlobState(db, caller, { digest, state, asked: false });
  throw new DomainError('blob_corrupt');
}

/** Puts what was staged into the caller's workspace. Errors: those of `requireAbsentOrWhole`. */
export async function takeStaged(
  deps: Store,
  call: Pick<Call, 'caller'>,
  digest: string,
  staged: StagedBlob,
): Promise<BlobPut> {
  await requireAbsentOrWhole(deps, call, digest);
  return putBlob(deps.db, call.caller, { digest, bytes: staged.size, keep: staged.keep });
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
