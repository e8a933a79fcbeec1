import { listOverrides } from '../../db/read/overrides.ts';
import { encodeCursor, recoveryPosition } from '../cursor.ts';
import type { ApiDeps } from '../deps.ts';
import { nextLink, readLimit, readQuery } from '../query.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

const PATH = '/v1/exports/overrides';

async function handler({ query, caller }: Call, { db }: ApiDeps): Promise<Reply> {
  const { limit, cursor } = readQuery(query, ['limit', 'cursor']);
  const { items, next } = await listOverrides(db, {
    workspace_id: caller.workspace_id,
    limit: readLimit(limit),
    ...(cursor === undefined ? {} : { after: recoveryPosition(cursor) }),
  });
  return ok(items, nextLink(PATH, query, next === null ? null : encodeCursor([next.created_at, next.id])));
}

export const route: Route = { method: 'GET', path: PATH, action: 'override.read', handler };
