import { listKeys } from '../../db/read/operator-keys.ts';
import { encodeCursor, keyPosition } from '../cursor.ts';
import type { ApiDeps } from '../deps.ts';
import { keyView } from '../key-request.ts';
import { nextLink, readLimit, readQuery } from '../query.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

const PATH = '/v1/keys';

async function handler({ query, caller }: Call, { db }: ApiDeps): Promise<Reply> {
  const { limit, cursor } = readQuery(query, ['limit', 'cursor']);
  const page = { limit: readLimit(limit), ...(cursor === undefined ? {} : { after: keyPosition(cursor) }) };
  const { items, next } = await listKeys(db, { workspace_id: caller.workspace_id, ...page });
  return ok(items.map(keyView), nextLink(PATH, query, next === null ? null : encodeCursor([next])));
}

export const route: Route = { method: 'GET', path: PATH, action: 'key.read', handler };
