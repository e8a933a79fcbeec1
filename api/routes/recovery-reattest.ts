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
  const { incident_id } = readFields(await readJson(req), { required: { incident_id: ID }, optional: {} });
  await decide(deps, caller, { kind: 'reattest', incident_id, key });
  return ok({ status: 're-attestation recorded' });
}

export const route: Route = { method: 'POST', path: '/api/v1/recovery/reattest', action: 'recovery.reattest', handler };
