import { listDeliveries } from '../../db/read/deliveries.ts';
import { DELIVERY_STATES } from '../../domain/hook/delivery.ts';
import { encodeCursor, recoveryPosition } from '../cursor.ts';
import type { ApiDeps } from '../deps.ts';
import { nextLink, oneOf, readLimit, readQuery } from '../query.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

const PATH = '/v1/deliveries';

async function handler({ query, caller }: Call, { db }: ApiDeps): Promise<Reply> {
  const given = readQuery(query, ['state', 'limit', 'cursor']);
  const state = oneOf(given.state, 'state', DELIVERY_STATES);
  const after = given.cursor === undefined ? undefined : recoveryPosition(given.cursor);
  const limit = readLimit(given.limit);
  const found = await listDeliveries(db, caller.workspace_id, { state, after, limit });
  const last = found.length === limit ? found.at(-1) : undefined;
  const behind = last === undefined ? null : encodeCursor([last.created_at, last.delivery_id]);
  return ok(found, nextLink(PATH, query, behind));
}

export const route: Route = { method: 'GET', path: PATH, action: 'delivery.read', handler };
