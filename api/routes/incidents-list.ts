import { listIncidents } from '../../db/read/list-incidents.ts';
import type { IncidentFilter } from '../../db/read/list-incidents.ts';
import { CLASSES, SEVERITIES, severityRank } from '../../domain/containment/types.ts';
import { incidentView } from '../../domain/incident/record.ts';
import { INCIDENT_STATES } from '../../domain/incident/types.ts';
import { encodeCursor, incidentPosition } from '../cursor.ts';
import type { ApiDeps } from '../deps.ts';
import { nextLink, oneOf, readLimit, readQuery } from '../query.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

const PATH = '/api/v1/incidents';

async function handler({ query, caller }: Call, { db }: ApiDeps): Promise<Reply> {
  const { items, next } = await listIncidents(db, { workspace_id: caller.workspace_id, ...filterOf(query) });
  const cursor = next === null ? null : encodeCursor([next.severity_rank, next.created_at, next.id]);
  return ok(items.map(incidentView), nextLink(PATH, query, cursor));
}

function filterOf(query: URLSearchParams): Omit<IncidentFilter, 'workspace_id'> {
  const given = readQuery(query, ['state', 'class', 'severity', 'limit', 'cursor']);
  const state = oneOf(given.state, 'state', INCIDENT_STATES);
  const cls = oneOf(given.class, 'class', CLASSES);
  const severity = oneOf(given.severity, 'severity', SEVERITIES);
  return {
    limit: readLimit(given.limit),
    ...(state === undefined ? {} : { state }),
    ...(cls === undefined ? {} : { class: cls }),
    ...(severity === undefined ? {} : { severity_rank: severityRank(severity) }),
    ...(given.cursor === undefined ? {} : { after: incidentPosition(given.cursor) }),
  };
}

export const route: Route = { method: 'GET', path: PATH, action: 'incident.read', handler };
