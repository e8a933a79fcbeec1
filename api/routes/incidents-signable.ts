import { getIncident } from '../../db/read/incident.ts';
import { instanceName } from '../../db/read/operator-keys.ts';
import { waitingProcesses } from '../../db/read/waiting-processes.ts';
import { workflowIdOf } from '../../domain/process/types.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import type { ApiDeps } from '../deps.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

/** What a signature about an incident has to name. `workflow_id` is null where no process waits for a decision. */
async function handler({ params, caller }: Call, { db }: ApiDeps): Promise<Reply> {
  const incident = await getIncident(db, caller.workspace_id, params['id'] ?? '');
  if (incident === undefined) throw new DomainError('incident_not_found');
  const instance = await instanceName(db);
  if (instance === undefined) throw new DomainError('ledger_unpublished');
  const { id, severity, state, binding } = incident;
  const waiting = await waitingProcesses(db, incident.workspace_id, id);
  const type = (['recoveryCeremony', 'incidentResponse'] as const).find((t) => waiting.has(t));
  return ok({
    instance,
    incident_id: id,
    class: incident.class,
    severity,
    state,
    workflow_id: type === undefined ? null : workflowIdOf(type, id),
    containment_binding: binding,
  });
}

export const route: Route = { method: 'GET', path: '/v1/incidents/:id/signable', action: 'incident.read', handler };
