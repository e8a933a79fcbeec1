import { restoreBlob } from '../../db/command/restore-blob.ts';
import { partsOf } from '../../db/command/uploads.ts';
import { recordBlobState } from '../../db/command/verify-blob.ts';
import { findBlob } from '../../db/read/registry.ts';
import type { FoundBlob } from '../../db/read/registry.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import { digestName } from '../../domain/registry/digest.ts';
import { registryKey } from '../../storage/blob-store.ts';
import type { StagedBlob } from '../../storage/blob-store.ts';
import { readOptionalJson } from '../body.ts';
import type { ApiDeps } from '../deps.ts';
import { invalidFields, readFields } from '../fields.ts';
import { blobDigest } from '../registry/blob-request.ts';
import { joinedParts } from '../registry/joined-parts.ts';
import { lookAt } from '../registry/look-at.ts';
import { requiredUpload } from '../registry/upload-request.ts';
import { wholeVersion } from '../registry/whole-version.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

/** Puts a broken blob back from what the store has had, or from an upload. What is whole is never replaced. */
async function handler(call: Call, deps: ApiDeps): Promise<Reply> {
  const digest = blobDigest(call);
  const given = readFields((await readOptionalJson(call.req)) ?? {}, {
    required: {},
    optional: { upload_id: { max: 128 } },
  });
  const { upload_id } = given;
  const blob = await findBlob(deps.db, call.caller.workspace_id, digest);
  if (blob === undefined) throw new DomainError('blob_not_found');
  const view = { digest: digestName(digest), bytes: blob.bytes, state: 'intact' };
  const { state } = await lookAt(deps.blobs, digest);
  if (state === 'intact') {
    await recordBlobState(deps.db, call.caller, { digest, state, asked: true });
    return ok({ ...view, restored: null });
  }
  await recordBlobState(deps.db, call.caller, { digest, state, asked: false });
  const staged = await (upload_id === undefined ? fromVersion(deps, blob) : fromUpload(call, deps, blob, upload_id));
  try {
    const done = await restoreBlob(deps.db, call.caller, {
      digest,
      bytes: blob.bytes,
      upload_id,
      replace: staged.replace,
    });
    if (done === undefined) throw new DomainError(upload_id === undefined ? 'blob_not_found' : 'upload_not_found');
    return ok({ ...view, restored: upload_id === undefined ? 'version' : 'upload' });
  } finally {
    await staged.discard();
  }
}

async function fromVersion({ blobs }: ApiDeps, { digest, bytes }: FoundBlob): Promise<StagedBlob> {
  const staged = await wholeVersion(blobs, digest, bytes);
  if (staged === undefined) throw new DomainError('blob_versions_none');
  return staged;
}

async function fromUpload(call: Call, deps: ApiDeps, blob: FoundBlob, id: string): Promise<StagedBlob> {
  const upload = await requiredUpload({ ...call, params: { id } }, deps);
  if (upload.completed_at !== null) throw new DomainError('upload_not_found');
  if (upload.digest !== blob.digest || upload.bytes !== blob.bytes)
    invalidFields({ path: 'upload_id', code: 'invalid_value' });
  if (upload.received !== upload.bytes) throw new DomainError('upload_incomplete');
  const keys = await partsOf(deps.db, call.caller.workspace_id, id);
  return deps.blobs.stage(registryKey(blob.digest), joinedParts(deps.blobs, keys), blob.bytes);
}

export const route: Route = {
  method: 'POST',
  path: '/v1/registry/blobs/:digest/restore',
  action: 'registry.restore',
  handler,
};
