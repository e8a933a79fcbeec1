import { answerOfWorker, upstreamWithAccount } from '../ask-upstream.ts';
import { readJson } from '../body.ts';
import type { ApiDeps } from '../deps.ts';
import { readFields } from '../fields.ts';
import { flagProblem } from '../secret-request.ts';
import { requireInstance } from '../instance.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

const WITHIN_MS = 20_000;

/** RFC 8252 §7.3: the loopback of whoever logs in, on a port of their choice; a code goes nowhere else. */
const LOOPBACK = /^http:\/\/(127\.0\.0\.1|\[::1\]):[1-9][0-9]{0,4}\/[A-Za-z0-9/_-]*$/;

async function handler(call: Call, deps: ApiDeps): Promise<Reply> {
  requireInstance(call.caller);
  const { name } = await upstreamWithAccount(deps, call);
  const { redirect_uri, staged = false } = readFields(await readJson(call.req), {
    required: {},
    optional: {},
    values: {
      redirect_uri: (uri) =>
        uri === undefined ? 'required' : typeof uri === 'string' && LOOPBACK.test(uri) ? null : 'invalid_value',
      staged: flagProblem,
    },
  });
  return ok(await answerOfWorker(deps, call, { kind: 'login', name, input: { redirect_uri, staged } }, WITHIN_MS));
}

export const route: Route = { method: 'POST', path: '/v1/upstreams/:name/login', action: 'upstream.account', handler };
