import { listSlots } from '../../db/read/secrets.ts';
import { encodeCursor, slotPosition } from '../cursor.ts';
import type { ApiDeps } from '../deps.ts';
import { nextLink, readLimit, readQuery } from '../query.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

const PATH = '/v1/secrets';

async function handler({ query, caller }: Call, { db }: ApiDeps): Promise<Reply> {
  const { limit, cursor } = readQuery(query, ['limit', 'cursor']);
  const after = cursor === undefined ? {} : { after: slotPosition(cursor) };
  const { items, next } = await listSlots(db, { workspace_id: caller.workspace_id, limit: readLimit(limit), ...after });
  return ok(items, nextLink(PATH, query, next === null ? null : encodeCursor([next])));
}

export const route: Route = { method: 'GET', path: PATH, action: 'secret.read', handler };
