import type { ApiDeps } from '../deps.ts';
import { runChecks } from '../doctor/run-checks.ts';
import { oneOf, readQuery } from '../query.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

/** The answer is the diagnosis, also when it is bad: `ok` says which. Works with the database down: then that is found. */
async function handler(call: Call, deps: ApiDeps): Promise<Reply> {
  const only = oneOf(readQuery(call.query, ['only']).only, 'only', ['components'] as const);
  const checks = await runChecks(deps, call, only);
  return ok({ ok: checks.every((check) => check.ok), time: new Date().toISOString(), checks });
}

export const route: Route = { method: 'GET', path: '/v1/doctor', action: 'doctor.run', handler };
