import { readJson } from '../body.ts';
import { decide } from '../decisions.ts';
import type { ApiDeps } from '../deps.ts';
import { ID, readFields } from '../fields.ts';
import { idempotencyKey } from '../idempotency-key.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

const RULES = {
  required: { incident_id: ID, operator: { max: 256 } },
  optional: { note: { max: 4096, multiline: true }, containment_binding: { max: 64 } },
};

async function handler({ req, caller }: Call, deps: ApiDeps): Promise<Reply> {
  const key = idempotencyKey(req);
  const { incident_id, operator, note, containment_binding } = readFields(await readJson(req), RULES);
  const ack = {
    operator: operator.trim(),
    ...(note === undefined ? {} : { note }),
    ...(containment_binding === undefined ? {} : { containment_binding }),
  };
  await decide(deps, caller, { kind: 'ack', incident_id, key, ack });
  return ok({ status: 'acknowledged' });
}

export const route: Route = { method: 'POST', path: '/api/v1/recovery/ack', action: 'recovery.ack', handler };
