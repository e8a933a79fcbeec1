import { setTimeout as pause } from 'node:timers/promises';
import { askUpstream, upstreamAnswer } from '../db/command/upstream-requests.ts';
import type { UpstreamRequest } from '../db/command/upstream-requests.ts';
import { loadedUpstreams } from '../db/read/upstreams.ts';
import { authMode, UPSTREAM_NAME } from '../domain/upstream/definition.ts';
import type { Upstream } from '../domain/upstream/definition.ts';
import { DomainError } from '../domain/problem/problem.ts';
import type { ApiDeps } from './deps.ts';
import type { Call } from './route.ts';

const STEP_MS = 50;

/**
 * Has the worker that reaches the outside do something, and waits for its answer. Errors: upstream_worker_unreachable, and
 * upstream_account_failed with the worker's code as its detail.
 */
export async function answerOfWorker(
  { db }: Pick<ApiDeps, 'db'>,
  { caller }: Call,
  request: Pick<UpstreamRequest, 'kind' | 'name' | 'input'>,
  withinMs: number,
): Promise<Record<string, unknown>> {
  const id = await askUpstream(db, caller, request, withinMs);
  const deadline = performance.now() + withinMs;
  while (performance.now() < deadline) {
    const answer = await upstreamAnswer(db, id);
    if (answer !== undefined) return refuseFailed(answer);
    await pause(STEP_MS);
  }
  throw new DomainError('upstream_worker_unreachable');
}

function refuseFailed(answer: Record<string, unknown>): Record<string, unknown> {
  const { error } = answer;
  if (typeof error !== 'string') return answer;
  if (error === 'upstream_not_found') throw new DomainError(error);
  if (error === 'failed') throw new DomainError('internal');
  throw new DomainError('upstream_account_failed', {
    detail: `The account of the upstream: ${error}`,
    fields: [{ path: 'account', code: error }],
  });
}

/** The upstream that the path names. Errors: upstream_not_found. */
export async function namedUpstream({ db }: Pick<ApiDeps, 'db'>, { params }: Call): Promise<Upstream> {
  const name = params['name'] ?? '';
  const found = UPSTREAM_NAME.test(name)
    ? (await loadedUpstreams(db))?.upstreams.find((each) => each.name === name)
    : undefined;
  if (found === undefined) throw new DomainError('upstream_not_found');
  return found;
}

/** The same, with an OAuth account. Errors: upstream_not_found, upstream_without_account. */
export async function upstreamWithAccount(deps: Pick<ApiDeps, 'db'>, call: Call): Promise<Upstream> {
  const upstream = await namedUpstream(deps, call);
  if (authMode(upstream) !== 'oauth') throw new DomainError('upstream_without_account');
  return upstream;
}
