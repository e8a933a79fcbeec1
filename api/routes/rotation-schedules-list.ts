import { listSchedules } from '../../db/read/rotation-schedules.ts';
import { encodeCursor, recoveryPosition } from '../cursor.ts';
import type { ApiDeps } from '../deps.ts';
import { nextLink, readLimit, readQuery } from '../query.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import { scheduleView } from '../rotation-view.ts';
import type { Call, Route } from '../route.ts';

const PATH = '/v1/rotation-schedules';

/** Schedules, oldest first. */
async function handler({ query, caller }: Call, { db }: ApiDeps): Promise<Reply> {
  const { limit, cursor } = readQuery(query, ['limit', 'cursor']);
  const after = cursor === undefined ? {} : { after: recoveryPosition(cursor) };
  const { items, next } = await listSchedules(db, caller.workspace_id, { limit: readLimit(limit), ...after });
  const following = next === null ? null : encodeCursor([next.created_at, next.id]);
  return ok(items.map(scheduleView), nextLink(PATH, query, following));
}

export const route: Route = { method: 'GET', path: PATH, action: 'rotation.read', handler };
