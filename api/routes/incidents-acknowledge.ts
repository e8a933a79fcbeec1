import { incidentView } from '../../domain/incident/record.ts';
import { readJson } from '../body.ts';
import { decide } from '../decisions.ts';
import type { ApiDeps } from '../deps.ts';
import { ID, readFields } from '../fields.ts';
import { idempotencyKey } from '../idempotency-key.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

async function handler({ req, caller }: Call, deps: ApiDeps): Promise<Reply> {
  const key = idempotencyKey(req);
  const { id } = readFields(await readJson(req), { required: { id: ID }, optional: {} });
  return ok(incidentView(await decide(deps, caller, { kind: 'triage', incident_id: id, key })));
}

export const route: Route = {
  method: 'POST',
  path: '/api/v1/incidents/acknowledge',
  action: 'incident.acknowledge',
  handler,
};
