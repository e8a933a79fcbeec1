import { answerOfWorker, upstreamWithAccount } from '../ask-upstream.ts';
import { readJson } from '../body.ts';
import type { ApiDeps } from '../deps.ts';
import { readFields } from '../fields.ts';
import { requireInstance } from '../instance.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

const WITHIN_MS = 20_000;

/** What the authorization server sent to the loopback address (RFC 6749 §4.1.2, RFC 9207), as it came. */
async function handler(call: Call, deps: ApiDeps): Promise<Reply> {
  requireInstance(call.caller);
  const { name } = await upstreamWithAccount(deps, call);
  const input = readFields(await readJson(call.req), {
    required: { state: { max: 256 } },
    optional: {
      code: { max: 4096 },
      iss: { max: 2048 },
      error: { max: 256 },
      error_description: { max: 1024 },
      error_uri: { max: 2048 },
      session_state: { max: 1024 },
      scope: { max: 4096 },
    },
  });
  return ok(await answerOfWorker(deps, call, { kind: 'callback', name, input }, WITHIN_MS));
}

export const route: Route = {
  method: 'POST',
  path: '/v1/upstreams/:name/callback',
  action: 'upstream.account',
  handler,
};
