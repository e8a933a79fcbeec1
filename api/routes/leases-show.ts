import { findLease, leaseView } from '../../db/read/leases.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import type { ApiDeps } from '../deps.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';
import { leaseId } from '../secret-request.ts';

async function handler(call: Call, { db }: ApiDeps): Promise<Reply> {
  const id = leaseId(call);
  const lease = id === undefined ? undefined : await findLease(db, call.caller.workspace_id, id);
  if (lease === undefined) throw new DomainError('lease_not_found');
  return ok(leaseView(lease));
}

export const route: Route = { method: 'GET', path: '/v1/leases/:id', action: 'secret.read', handler };
