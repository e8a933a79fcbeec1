import { randomUUID } from 'node:crypto';
import { requestDigest } from '../../db/command/decisions.ts';
import { restartChild } from '../../db/command/restart-child.ts';
import { adapterName } from '../adapter-request.ts';
import { readOptionalJson } from '../body.ts';
import type { ApiDeps } from '../deps.ts';
import { readFields } from '../fields.ts';
import { idempotencyKey } from '../idempotency-key.ts';
import { refuseWith } from '../instance.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

async function handler(call: Call, { db }: ApiDeps): Promise<Reply> {
  const name = adapterName(call);
  const body = await readOptionalJson(call.req);
  if (body !== undefined) readFields(body, { required: {}, optional: {} });
  const key = {
    decision_id: idempotencyKey(call.req) ?? randomUUID(),
    request_digest: requestDigest({ kind: 'adapter.restart', name }),
  };
  const restarted = await restartChild(db, call.caller, { name, key });
  return restarted.ok ? ok({ status: 'restarting', version: restarted.version }) : refuseWith(restarted.code);
}

export const route: Route = { method: 'POST', path: '/v1/adapters/:name/restart', action: 'adapter.restart', handler };
