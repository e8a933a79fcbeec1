import { listEvidence } from '../../db/read/evidence.ts';
import { encodeCursor, evidencePosition } from '../cursor.ts';
import type { ApiDeps } from '../deps.ts';
import { nextLink, readLimit, readQuery } from '../query.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import { requiredIncident } from '../required-incident.ts';
import type { Call, Route } from '../route.ts';

/** Who took the evidence of an incident, and when, newest first. */
async function handler(call: Call, deps: ApiDeps): Promise<Reply> {
  const { cursor, limit } = readQuery(call.query, ['limit', 'cursor']);
  const n = readLimit(limit);
  const after = cursor === undefined ? undefined : evidencePosition(cursor);
  const { workspace_id, id } = await requiredIncident(call, deps);
  const { items, next } = await listEvidence(deps.db, { workspace_id, incident_id: id, limit: n, after });
  const link = next === null ? null : encodeCursor([next.collected_at, next.evidence_id]);
  return ok(items, nextLink(`/v1/incidents/${id}/evidence`, call.query, link));
}

export const route: Route = { method: 'GET', path: '/v1/incidents/:id/evidence', action: 'evidence.read', handler };
