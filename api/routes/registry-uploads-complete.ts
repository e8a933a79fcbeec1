import { completeUpload, failUpload, partsOf } from '../../db/command/uploads.ts';
import { findBlob } from '../../db/read/registry.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import { BlobError } from '../../storage/blob-error.ts';
import { registryKey } from '../../storage/blob-store.ts';
import { readOptionalJson } from '../body.ts';
import type { ApiDeps } from '../deps.ts';
import { readFields } from '../fields.ts';
import { joinedParts } from '../registry/joined-parts.ts';
import { blobReply, requireAbsentOrWhole } from '../registry/take-blob.ts';
import { requiredUpload } from '../registry/upload-request.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

/** Puts the parts together against the digest; parts that are not what it names end the upload. */
async function handler(call: Call, deps: ApiDeps): Promise<Reply> {
  readFields((await readOptionalJson(call.req)) ?? {}, { required: {}, optional: {} });
  const { upload_id, digest, bytes, received, completed_at } = await requiredUpload(call, deps);
  const { workspace_id } = call.caller;
  if (completed_at !== null) return again(deps, workspace_id, digest);
  if (received !== bytes)
    throw new DomainError('upload_incomplete', { detail: `${received} of ${bytes} bytes have come` });
  const keys = await partsOf(deps.db, workspace_id, upload_id);
  const staged = await deps.blobs
    .stage(registryKey(digest), joinedParts(deps.blobs, keys), bytes)
    .catch(async (error: unknown) => {
      if (error instanceof BlobError && error.code === 'blob_mismatch')
        await failUpload(deps.db, call.caller, upload_id);
      throw error;
    });
  try {
    await requireAbsentOrWhole(deps, call, digest);
    const put = await completeUpload(deps.db, call.caller, upload_id, { digest, bytes, keep: staged.keep });
    return put === null ? await again(deps, workspace_id, digest) : blobReply(digest, bytes, put);
  } finally {
    await staged.discard();
  }
}

/** The answer to a repeat: the blob as it is put by now. */
async function again({ db }: ApiDeps, workspace_id: string, digest: string): Promise<Reply> {
  const blob = await findBlob(db, workspace_id, digest);
  if (blob === undefined) throw new DomainError('upload_not_found');
  return blobReply(digest, blob.bytes, { created: false, put_at: blob.put_at });
}

export const route: Route = {
  method: 'POST',
  path: '/v1/registry/uploads/:id/complete',
  action: 'registry.put',
  handler,
};
