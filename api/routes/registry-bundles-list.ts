import { listBundles } from '../../db/read/registry.ts';
import { isBundleName } from '../../domain/registry/manifest.ts';
import { bundlePosition, encodeCursor } from '../cursor.ts';
import type { ApiDeps } from '../deps.ts';
import { invalidFields } from '../fields.ts';
import { nextLink, readLimit, readQuery } from '../query.ts';
import { bundleView } from '../registry/bundle-request.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

const PATH = '/v1/registry/bundles';

async function handler({ query, caller }: Call, { db }: ApiDeps): Promise<Reply> {
  const { limit, cursor, name } = readQuery(query, ['limit', 'cursor', 'name']);
  if (name !== undefined && !isBundleName(name)) invalidFields({ path: 'name', code: 'invalid_value' });
  const { items, next } = await listBundles(db, {
    workspace_id: caller.workspace_id,
    limit: readLimit(limit),
    ...(name === undefined ? {} : { name }),
    ...(cursor === undefined ? {} : { after: bundlePosition(cursor) }),
  });
  const at = next === null ? null : encodeCursor([next.name, next.version]);
  return ok(items.map(bundleView), nextLink(PATH, query, at));
}

export const route: Route = { method: 'GET', path: PATH, action: 'registry.read', handler };
