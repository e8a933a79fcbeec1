import { randomUUID } from 'node:crypto';
import { setSecret } from '../../db/command/set-secret.ts';
import { isSlotClass } from '../../domain/secret/slot.ts';
import { readJson } from '../body.ts';
import type { ApiDeps } from '../deps.ts';
import { readFields } from '../fields.ts';
import { idempotencyKey } from '../idempotency-key.ts';
import { refuseWith } from '../instance.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';
import { flagProblem, newSlotName, optionalClass, optionalKind, VALUE, without } from '../secret-request.ts';

const RULES = {
  required: { value: VALUE },
  optional: {},
  values: { kind: optionalKind, class: optionalClass, staged: flagProblem },
};

/** The value is in the body and in nothing that is answered, logged or recorded in the clear. */
async function handler(call: Call, { db, masterKey }: ApiDeps): Promise<Reply> {
  const slot = newSlotName(call);
  const decision_id = idempotencyKey(call.req) ?? randomUUID();
  const given = readFields(await readJson(call.req), RULES);
  const value = Buffer.from(given.value);
  const kind = typeof given.kind === 'string' ? given.kind : undefined;
  const slotClass = isSlotClass(given.class) ? given.class : undefined;
  try {
    const asked = { slot, value, kind, class: slotClass, staged: given.staged === true, decision_id };
    const set = await setSecret({ db, masterKey }, call.caller, asked);
    if (!set.ok) return refuseWith(set.code);
    return { status: set.created ? 201 : 200, body: { slot, ...without(set, 'ok', 'created') } };
  } finally {
    value.fill(0);
  }
}

export const route: Route = { method: 'PUT', path: '/v1/secrets/:slot', action: 'secret.set', handler };
