import { renewLease } from '../../db/command/use-lease.ts';
import { readOptionalJson } from '../body.ts';
import type { ApiDeps } from '../deps.ts';
import { readFields } from '../fields.ts';
import { refuseWith } from '../instance.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';
import { leaseId, optionalTtl, ttlOf, without } from '../secret-request.ts';

async function handler(call: Call, { db }: ApiDeps): Promise<Reply> {
  const lease_id = leaseId(call);
  const rules = { required: {}, optional: {}, values: { ttl: optionalTtl } };
  const { ttl } = readFields((await readOptionalJson(call.req)) ?? {}, rules);
  if (lease_id === undefined) return refuseWith('lease_not_found');
  const renewed = await renewLease(db, call.caller, { lease_id, ttl: ttlOf(ttl) });
  if (!renewed.ok) return refuseWith(renewed.code);
  return ok(without(renewed, 'ok'));
}

export const route: Route = { method: 'POST', path: '/v1/leases/:id/renew', action: 'lease.issue', handler };
