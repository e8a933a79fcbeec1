import { loseAdapter } from '../../db/command/part-with-adapter.ts';
import { adapterName } from '../adapter-request.ts';
import { readOptionalJson } from '../body.ts';
import { decisionKey } from '../decision-key.ts';
import type { ApiDeps } from '../deps.ts';
import { readFields } from '../fields.ts';
import { refuseWith } from '../instance.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

/** Said by the adapter, or by who looks after it: it only makes more wait for it. */
async function handler(call: Call, { db }: ApiDeps): Promise<Reply> {
  const name = adapterName(call);
  const body = await readOptionalJson(call.req);
  if (body !== undefined) readFields(body, { required: {}, optional: {} });
  const key = decisionKey(call.req, { kind: 'adapter.lost', name });
  const lost = await loseAdapter(db, call.caller, { name, key });
  return lost.ok ? ok({ status: 'resending', incidents: lost.incidents }) : refuseWith(lost.code);
}

export const route: Route = { method: 'POST', path: '/v1/adapters/:name/lost', action: 'adapter.lost', handler };
