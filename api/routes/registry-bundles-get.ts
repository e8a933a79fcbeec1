import { findBundle } from '../../db/read/registry.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import type { ApiDeps } from '../deps.ts';
import { requireReleased } from '../registry/blob-request.ts';
import { bundleId, bundleView } from '../registry/bundle-request.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

/** A bundle with its manifest, while no quarantine stands for its own digest. */
async function handler(call: Call, { db }: ApiDeps): Promise<Reply> {
  const bundle = await findBundle(db, call.caller.workspace_id, bundleId(call));
  if (bundle === undefined) throw new DomainError('bundle_not_found');
  const { manifest, quarantine, ...listed } = bundle;
  requireReleased(bundle.digest, quarantine);
  return ok({ ...bundleView(listed), manifest: JSON.parse(manifest) as unknown });
}

export const route: Route = {
  method: 'GET',
  path: '/v1/registry/bundles/:name/:version',
  action: 'registry.read',
  handler,
};
