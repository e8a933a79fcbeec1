import { revokeSlot } from '../../db/command/revoke-leases.ts';
import { readOptionalJson } from '../body.ts';
import type { ApiDeps } from '../deps.ts';
import { readFields } from '../fields.ts';
import { refuseWith } from '../instance.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';
import { decisionKey } from '../decision-key.ts';
import { slotName, without } from '../secret-request.ts';

async function handler(call: Call, { db }: ApiDeps): Promise<Reply> {
  const slot = slotName(call);
  readFields((await readOptionalJson(call.req)) ?? {}, { required: {}, optional: {} });
  const key = decisionKey(call.req, { kind: 'revoke-slot', slot });
  const revoked = await revokeSlot(db, call.caller, { slot, key });
  if (!revoked.ok) return refuseWith(revoked.code);
  return ok({ status: 'revoked', ...without(revoked, 'ok') });
}

export const route: Route = {
  method: 'POST',
  path: '/v1/secrets/:slot/revoke-leases',
  action: 'lease.revoke',
  handler,
};
