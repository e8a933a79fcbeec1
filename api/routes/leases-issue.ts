import { issueLease } from '../../db/command/issue-lease.ts';
import { readJson } from '../body.ts';
import type { ApiDeps } from '../deps.ts';
import { readFields } from '../fields.ts';
import { refuseWith } from '../instance.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';
import { optionalTtl, slotRule, SUBJECT, ttlOf, without } from '../secret-request.ts';

const RULES = { required: { subject: SUBJECT }, optional: {}, values: { slot: slotRule, ttl: optionalTtl } };

async function handler(call: Call, { db, masterKey }: ApiDeps): Promise<Reply> {
  const { slot, subject, ttl } = readFields(await readJson(call.req), RULES);
  const asked = { slot: String(slot), subject, ttl: ttlOf(ttl) };
  const issued = await issueLease({ db, masterKey }, call.caller, asked);
  if (!issued.ok) return refuseWith(issued.code);
  return { status: 201, body: without(issued, 'ok') };
}

export const route: Route = { method: 'POST', path: '/v1/leases', action: 'lease.issue', handler };
