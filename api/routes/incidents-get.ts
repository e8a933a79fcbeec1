import { getIncidentInLog } from '../../db/read/incident.ts';
import { incidentView } from '../../domain/incident/record.ts';
import { isIncidentId } from '../../domain/intake/incident-id.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import type { ApiDeps } from '../deps.ts';
import { invalidFields } from '../fields.ts';
import { readQuery } from '../query.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

async function handler({ query, caller }: Call, { db }: ApiDeps): Promise<Reply> {
  const { id } = readQuery(query, ['id']);
  if (id === undefined || id === '') return invalidFields({ path: 'id', code: 'required' });
  const incident = isIncidentId(id) ? await getIncidentInLog(db, caller.workspace_id, id) : undefined;
  if (incident === undefined) throw new DomainError('incident_not_found');
  const { ledger_index } = incident;
  return ok({ ...incidentView(incident), ...(ledger_index === null ? {} : { ledger_index }) });
}

export const route: Route = { method: 'GET', path: '/api/v1/incidents/get', action: 'incident.read', handler };
