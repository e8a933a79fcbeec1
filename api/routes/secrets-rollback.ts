import { rollBackSecret } from '../../db/command/rollback-secret.ts';
import { readJson } from '../body.ts';
import type { ApiDeps } from '../deps.ts';
import { readFields } from '../fields.ts';
import type { ValueRule } from '../fields.ts';
import { refuseWith } from '../instance.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';
import { decisionKey } from '../decision-key.ts';
import { slotName, without } from '../secret-request.ts';

const version: ValueRule = (value) =>
  value === undefined
    ? 'required'
    : typeof value !== 'number'
      ? 'invalid_type'
      : Number.isInteger(value) && value >= 1 && value <= 2 ** 31 - 1
        ? null
        : 'invalid_value';
const RULES = { required: {}, optional: {}, values: { version } };

async function handler(call: Call, { db, masterKey }: ApiDeps): Promise<Reply> {
  const slot = slotName(call);
  const given = readFields(await readJson(call.req), RULES);
  const asked = { slot, version: Number(given.version) };
  const key = decisionKey(call.req, { kind: 'rollback', ...asked });
  const rolled = await rollBackSecret({ db, masterKey }, call.caller, { ...asked, key });
  if (!rolled.ok) return refuseWith(rolled.code);
  return ok({ slot, ...without(rolled, 'ok', 'created') });
}

export const route: Route = { method: 'POST', path: '/v1/secrets/:slot/rollback', action: 'secret.set', handler };
