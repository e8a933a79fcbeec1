import { getIncident } from '../db/read/incident.ts';
import type { Incident } from '../domain/incident/types.ts';
import { isIncidentId } from '../domain/intake/incident-id.ts';
import { DomainError } from '../domain/problem/problem.ts';
import type { ApiDeps } from './deps.ts';
import type { Call } from './route.ts';

/** The incident of the path, where the caller may see it. Errors: incident_not_found. */
export async function requiredIncident({ params, caller }: Call, { db }: Pick<ApiDeps, 'db'>): Promise<Incident> {
  const id = params['id'] ?? '';
  const incident = isIncidentId(id) ? await getIncident(db, caller.workspace_id, id) : undefined;
  if (incident === undefined) throw new DomainError('incident_not_found');
  return incident;
}
