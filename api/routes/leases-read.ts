import { readLease } from '../../db/command/use-lease.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import { readOptionalJson } from '../body.ts';
import type { ApiDeps } from '../deps.ts';
import { readFields } from '../fields.ts';
import { refuseWith } from '../instance.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';
import { leaseId, leaseSecret, without } from '../secret-request.ts';

/** Nobody's role opens a slot: the bearer of this request is the lease's own secret, and an unknown lease is a wrong one. */
async function handler(call: Call, { db, masterKey }: ApiDeps): Promise<Reply> {
  const lease_id = leaseId(call);
  const secret = leaseSecret(call.req);
  readFields((await readOptionalJson(call.req)) ?? {}, { required: {}, optional: {} });
  if (lease_id === undefined || secret === undefined) throw new DomainError('unauthenticated');
  const read = await readLease({ db, masterKey }, call.caller, { lease_id, secret });
  if (!read.ok) return refuseWith(read.code);
  try {
    return ok({ ...without(read, 'ok'), value: read.value.toString('utf8') });
  } finally {
    read.value.fill(0);
  }
}

export const route: Route = {
  method: 'POST',
  path: '/v1/leases/:id/read',
  action: 'lease.use',
  credential: 'lease',
  handler,
};
