import { listHistories } from '../../db/read/histories.ts';
import type { ProcessHistory } from '../../db/read/histories.ts';
import { encodeCursor, historyPosition } from '../cursor.ts';
import type { ApiDeps } from '../deps.ts';
import { nextLink, readLimit, readQuery } from '../query.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import { requiredIncident } from '../required-incident.ts';
import type { Call, Route } from '../route.ts';

/** What is stored of the processes that waited for an incident, and what the engine lost. */
async function handler(call: Call, deps: ApiDeps): Promise<Reply> {
  const { cursor, limit } = readQuery(call.query, ['limit', 'cursor']);
  const n = readLimit(limit);
  const after = cursor === undefined ? undefined : historyPosition(cursor);
  const { workspace_id, id } = await requiredIncident(call, deps);
  const { items, next } = await listHistories(deps.db, { workspace_id, incident_id: id, limit: n, after });
  const link = next === null ? null : encodeCursor([next.workflow_id, next.run_id]);
  return ok(items.map(viewOf), nextLink(`/v1/incidents/${id}/histories`, call.query, link));
}

const viewOf = ({ workflow_id, run_id, type, status, digest, bytes, stored_at, lost_at }: ProcessHistory) => ({
  workflow_id,
  run_id,
  type,
  ...(digest === null ? { lost_at } : { status, digest, bytes, stored_at }),
});

export const route: Route = { method: 'GET', path: '/v1/incidents/:id/histories', action: 'evidence.read', handler };
