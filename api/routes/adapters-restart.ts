import { restartChild } from '../../db/command/restart-child.ts';
import { adapterName } from '../adapter-request.ts';
import { readOptionalJson } from '../body.ts';
import { decisionKey } from '../decision-key.ts';
import type { ApiDeps } from '../deps.ts';
import { readFields } from '../fields.ts';
import { refuseWith } from '../instance.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

async function handler(call: Call, { db }: ApiDeps): Promise<Reply> {
  const name = adapterName(call);
  const body = await readOptionalJson(call.req);
  if (body !== undefined) readFields(body, { required: {}, optional: {} });
  const key = decisionKey(call.req, { kind: 'adapter.restart', name });
  const restarted = await restartChild(db, call.caller, { name, key });
  return restarted.ok ? ok({ status: 'restarting', version: restarted.version }) : refuseWith(restarted.code);
}

export const route: Route = { method: 'POST', path: '/v1/adapters/:name/restart', action: 'adapter.restart', handler };
