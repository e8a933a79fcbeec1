import { takenSteps } from '../../db/read/checklists.ts';
import { checklistView } from '../checklist-view.ts';
import type { ApiDeps } from '../deps.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';
import { requireIncident } from '../streams/stream-request.ts';

/** Every checklist there is, and how the incident stands in it. */
async function handler(call: Call, deps: ApiDeps): Promise<Reply> {
  const incident_id = await requireIncident(call, deps);
  const taken = await takenSteps(deps.db, { workspace_id: call.caller.workspace_id, incident_id });
  return ok([...deps.checklists.values()].map((checklist) => checklistView(checklist, taken)));
}

export const route: Route = { method: 'GET', path: '/v1/incidents/:id/checklists', action: 'incident.read', handler };
