import { recordBlobState } from '../../db/command/verify-blob.ts';
import { findBlob } from '../../db/read/registry.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import { digestName } from '../../domain/registry/digest.ts';
import { readOptionalJson } from '../body.ts';
import type { ApiDeps } from '../deps.ts';
import { readFields } from '../fields.ts';
import { blobDigest } from '../registry/blob-request.ts';
import { lookAt } from '../registry/look-at.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

/** Reads all of a blob, also of a quarantined one, and records what was found; one that is whole again is served again. */
async function handler(call: Call, { db, blobs }: ApiDeps): Promise<Reply> {
  const digest = blobDigest(call);
  readFields((await readOptionalJson(call.req)) ?? {}, { required: {}, optional: {} });
  const blob = await findBlob(db, call.caller.workspace_id, digest);
  if (blob === undefined) throw new DomainError('blob_not_found');
  const { state } = await lookAt(blobs, digest);
  await recordBlobState(db, call.caller, { digest, state, asked: true });
  return ok({ digest: digestName(digest), bytes: blob.bytes, state });
}

export const route: Route = {
  method: 'POST',
  path: '/v1/registry/blobs/:digest/verify',
  action: 'registry.verify',
  handler,
};
