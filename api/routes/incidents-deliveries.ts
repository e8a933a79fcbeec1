import { incidentDeliveries } from '../../db/read/deliveries.ts';
import { deliveryPosition, encodeCursor } from '../cursor.ts';
import type { ApiDeps } from '../deps.ts';
import { nextLink, readLimit, readQuery } from '../query.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import { requiredIncident } from '../required-incident.ts';
import type { Call, Route } from '../route.ts';

const START = { notification_id: 0, delivery_id: '' };

/** What was sent of what operators were told of an incident, and what became of it. */
async function handler(call: Call, { db }: ApiDeps): Promise<Reply> {
  const given = readQuery(call.query, ['limit', 'cursor']);
  const limit = readLimit(given.limit);
  const after = given.cursor === undefined ? START : deliveryPosition(given.cursor);
  const { workspace_id, id } = await requiredIncident(call, { db });
  const found = await incidentDeliveries(db, { workspace_id, incident_id: id, limit, after });
  const items = found.slice(0, limit);
  const last = found.length > limit ? items.at(-1) : undefined;
  const next = last === undefined ? null : encodeCursor([last.notification_id, last.delivery_id]);
  return ok(items, nextLink(`/v1/incidents/${id}/deliveries`, call.query, next));
}

export const route: Route = {
  method: 'GET',
  path: '/v1/incidents/:id/deliveries',
  action: 'incident.read',
  handler,
};
