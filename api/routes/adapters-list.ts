import { listAdapters } from '../../db/read/adapters.ts';
import { adapterView } from '../adapter-request.ts';
import { adapterPosition, encodeCursor } from '../cursor.ts';
import type { ApiDeps } from '../deps.ts';
import { nextLink, readLimit, readQuery } from '../query.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

const PATH = '/v1/adapters';

async function handler({ query, caller }: Call, { db }: ApiDeps): Promise<Reply> {
  const { limit, cursor } = readQuery(query, ['limit', 'cursor']);
  const after = cursor === undefined ? {} : { after: adapterPosition(cursor).name };
  const { workspace_id } = caller;
  const { items, next } = await listAdapters(db, { workspace_id, limit: readLimit(limit), ...after });
  return ok(items.map(adapterView), nextLink(PATH, query, next === null ? null : encodeCursor([next])));
}

export const route: Route = { method: 'GET', path: PATH, action: 'adapter.read', handler };
