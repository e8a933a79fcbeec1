import { loadedUpstreams } from '../../db/read/upstreams.ts';
import { UPSTREAM_NAME } from '../../domain/upstream/definition.ts';
import { PROBES } from '../../domain/upstream/probes.ts';
import type { ProbeName } from '../../domain/upstream/probes.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import { answerOfWorker } from '../ask-upstream.ts';
import { readJson } from '../body.ts';
import type { ApiDeps } from '../deps.ts';
import { readFields } from '../fields.ts';
import { requireInstance } from '../instance.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

/** Sixty-four upstreams that all hang have been given up by then. */
const WITHIN_MS = 90_000;

const isProbes = (value: unknown): string | null =>
  Array.isArray(value) && value.length > 0 && value.every((each) => PROBES.includes(each as ProbeName))
    ? null
    : value === undefined
      ? 'required'
      : 'invalid_value';

/** Probes now what is asked for, of every upstream that has such a probe or of the named one: roles held in `default` decide. */
async function handler(call: Call, deps: ApiDeps): Promise<Reply> {
  requireInstance(call.caller);
  const body = await readJson(call.req);
  const { name, probes } = readFields(body, {
    required: {},
    optional: { name: { max: 63 } },
    values: { probes: isProbes },
  });
  const loaded = (await loadedUpstreams(deps.db))?.upstreams ?? [];
  if (name !== undefined && !(UPSTREAM_NAME.test(name) && loaded.some((each) => each.name === name)))
    throw new DomainError('upstream_not_found');
  const input = { probes: [...new Set(probes as ProbeName[])] };
  return ok(await answerOfWorker(deps, call, { kind: 'check', name: name ?? null, input }, WITHIN_MS));
}

export const route: Route = { method: 'POST', path: '/v1/upstreams/check', action: 'upstream.check', handler };
