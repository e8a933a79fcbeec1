import { answerOfWorker, upstreamWithAccount } from '../ask-upstream.ts';
import { readOptionalJson } from '../body.ts';
import type { ApiDeps } from '../deps.ts';
import { readFields } from '../fields.ts';
import { requireInstance } from '../instance.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

const WITHIN_MS = 20_000;

async function handler(call: Call, deps: ApiDeps): Promise<Reply> {
  requireInstance(call.caller);
  const { name } = await upstreamWithAccount(deps, call);
  const body = await readOptionalJson(call.req);
  if (body !== undefined) readFields(body, { required: {}, optional: {} });
  return ok(await answerOfWorker(deps, call, { kind: 'logout', name, input: {} }, WITHIN_MS));
}

export const route: Route = { method: 'POST', path: '/v1/upstreams/:name/logout', action: 'upstream.account', handler };
