import { retryDelivery } from '../../db/command/deliveries.ts';
import { readOptionalJson } from '../body.ts';
import { decisionKey } from '../decision-key.ts';
import { deliveryId } from '../delivery-request.ts';
import type { ApiDeps } from '../deps.ts';
import { readFields } from '../fields.ts';
import { refuseWith } from '../instance.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

async function handler(call: Call, { db }: ApiDeps): Promise<Reply> {
  const delivery_id = deliveryId(call);
  const body = await readOptionalJson(call.req);
  if (body !== undefined) readFields(body, { required: {}, optional: {} });
  const key = decisionKey(call.req, { kind: 'delivery.retry', delivery_id });
  const retried = await retryDelivery(db, call.caller, { delivery_id, key });
  return retried.ok ? ok({ status: 'pending', delivery_id }) : refuseWith(retried.code);
}

export const route: Route = { method: 'POST', path: '/v1/deliveries/:id/retry', action: 'delivery.retry', handler };
