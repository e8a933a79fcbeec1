import { findDelivery } from '../../db/read/deliveries.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import { deliveryId } from '../delivery-request.ts';
import type { ApiDeps } from '../deps.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

async function handler(call: Call, { db }: ApiDeps): Promise<Reply> {
  const found = await findDelivery(db, call.caller.workspace_id, deliveryId(call));
  if (found === undefined) throw new DomainError('delivery_not_found');
  return ok(found);
}

export const route: Route = { method: 'GET', path: '/v1/deliveries/:id', action: 'delivery.read', handler };
