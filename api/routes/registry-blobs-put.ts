import { registryKey } from '../../storage/blob-store.ts';
import type { ApiDeps } from '../deps.ts';
import { blobDigest, bodyBytes } from '../registry/blob-request.ts';
import { blobReply, takeStaged } from '../registry/take-blob.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

/** The digest is checked while the bytes flow; what is not what the path names leaves nothing behind. */
async function handler(call: Call, deps: ApiDeps): Promise<Reply> {
  const digest = blobDigest(call);
  const limit = deps.registryBlobLimit;
  const staged = await deps.blobs.stage(registryKey(digest), bodyBytes(call.req, limit), limit);
  try {
    return blobReply(digest, staged.size, await takeStaged(deps, call, digest, staged));
  } finally {
    await staged.discard();
  }
}

export const route: Route = { method: 'PUT', path: '/v1/registry/blobs/:digest', action: 'registry.put', handler };
