import { listNotifications } from '../../db/read/notifications.ts';
import { encodeCursor, notificationPosition } from '../cursor.ts';
import type { ApiDeps } from '../deps.ts';
import { nextLink, readLimit, readQuery } from '../query.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import { requiredIncident } from '../required-incident.ts';
import type { Call, Route } from '../route.ts';

/** What operators were told of an incident, oldest first. */
async function handler(call: Call, deps: ApiDeps): Promise<Reply> {
  const { cursor, limit } = readQuery(call.query, ['limit', 'cursor']);
  const n = readLimit(limit);
  const after = cursor === undefined ? 0 : notificationPosition(cursor);
  const { workspace_id, id } = await requiredIncident(call, deps);
  const { items, next } = await listNotifications(deps.db, { workspace_id, incident_id: id, limit: n, after });
  const link = next === null ? null : encodeCursor([next]);
  return ok(items, nextLink(`/v1/incidents/${id}/notifications`, call.query, link));
}

export const route: Route = {
  method: 'GET',
  path: '/v1/incidents/:id/notifications',
  action: 'incident.read',
  handler,
};
