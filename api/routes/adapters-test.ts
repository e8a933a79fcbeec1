import { setTimeout as pause } from 'node:timers/promises';
import { requestTrial } from '../../db/command/adapter-trial.ts';
import { findAdapter } from '../../db/read/adapters.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import { adapterName } from '../adapter-request.ts';
import { readOptionalJson } from '../body.ts';
import type { ApiDeps } from '../deps.ts';
import { readFields } from '../fields.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

/** The adapter has 5 s to answer; what remains is for the way there and back. */
const WAIT_MS = 8_000;
const STEP_MS = 50;

/** Has the process of the adapter send a signed request through the same guard as any other, and says what came of it. */
async function handler(call: Call, { db }: ApiDeps): Promise<Reply> {
  const name = adapterName(call);
  const body = await readOptionalJson(call.req);
  if (body !== undefined) readFields(body, { required: {}, optional: {} });
  const trial = await requestTrial(db, call.caller, name);
  if (trial === undefined) throw new DomainError('adapter_not_found');
  const deadline = performance.now() + WAIT_MS;
  while (performance.now() < deadline) {
    const adapter = await findAdapter(db, call.caller.workspace_id, name);
    if (adapter?.trial_done_id === trial) {
      const { trial_error: error, trial_latency_ms: latency_ms } = adapter;
      return ok(error === null ? { name, ok: true, latency_ms } : { name, ok: false, error });
    }
    if (adapter?.trial_id !== trial) throw new DomainError('stale_state');
    await pause(STEP_MS);
  }
  throw new DomainError('temporal_unreachable');
}

export const route: Route = { method: 'POST', path: '/v1/adapters/:name/test', action: 'adapter.test', handler };
