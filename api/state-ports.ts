import type { Express, Request, Response } from 'express';
import type { Queryable } from '../db/client.ts';
import { attestationRecord, integrityRecord } from '../db/read/attestation-state.ts';
import { attestationState, passCountsForMs } from '../domain/attestation/state.ts';
import { checkIntervalMs } from '../domain/process/watch.ts';
import { integrityState } from '../domain/integrity/state.ts';
import type { TrustState } from '../domain/attestation/state.ts';
import { problem } from '../domain/problem/problem.ts';
import { bareApp, guardDoor, onError } from './app.ts';
import type { ApiDeps } from './deps.ts';
import { problemFor, problemHeaders } from './failures.ts';
import { PROBLEM_TYPE, sendProblem, sendReply } from './reply.ts';

type Deps = Pick<ApiDeps, 'db' | 'auth' | 'log'>;

/** What a state port says; the state is the one word that scripts read. */
export type StateReport = { state: TrustState } & Record<string, unknown>;

/** Where no watch looks, a pass speaks for its subject until something else is known. */
const maxAge = (intervalMs: number | undefined) =>
  intervalMs === undefined ? {} : { max_age_ms: passCountsForMs(intervalMs) };

/** The attestation state of the whole instance with what it was judged by. `intervalMs`: between two quotes of a node. */
export async function attestationReport(db: Queryable, intervalMs?: number): Promise<StateReport> {
  const { nodes, open_incidents, now, simulated } = await attestationRecord(db);
  return {
    state: attestationState({ nodes, open_incidents, now, ...maxAge(intervalMs) }),
    simulated,
    open_incidents,
    nodes: nodes.map(
      ({ node, ek_trust, last_passed, last_pass_at, last_result_at, missed_quotes, reboot_pending }) => ({
        node,
        simulated: ek_trust === 'simulated',
        last_passed,
        last_pass_at,
        last_result_at,
        missed_quotes,
        reboot_pending,
      }),
    ),
    checked_at: latest(nodes.map((n) => n.last_result_at)),
    time: now,
  };
}

/** The integrity state of the whole instance with what it was judged by. `intervalMs`: between two quotes of a node. */
export async function integrityReport(db: Queryable, intervalMs?: number): Promise<StateReport> {
  const { baselines, open_incidents, now } = await integrityRecord(db);
  const interval = intervalMs === undefined ? undefined : checkIntervalMs(intervalMs);
  return {
    state: integrityState({ baselines, open_incidents, now, ...maxAge(interval) }),
    open_incidents,
    baselines: baselines.map(({ baseline, last_passed, last_pass_at, checked_at, missed_checks, check_pending }) => ({
      baseline,
      last_passed,
      last_pass_at,
      checked_at,
      missed_checks,
      check_pending,
    })),
    checked_at: latest(baselines.map((b) => b.checked_at)),
    time: now,
  };
}

/** RFC 3339 UTC times of one precision sort as text. */
const latest = (times: (string | null)[]): string | null =>
  times
    .filter((t) => t !== null)
    .sort()
    .at(-1) ?? null;

/** The door of one state port: `GET /api/v1/state`, open to all. */
export function createStateApp(deps: Deps, report: (db: Deps['db']) => Promise<StateReport>): Express {
  const app = bareApp();
  guardDoor(app, deps.auth);
  app.get('/api/v1/state', async (_req: Request, res: Response) => {
    sendReply(res, await stateReply(deps, report));
  });
  app.all('/api/v1/state', (_req: Request, res: Response) =>
    sendProblem(res, problem('method_not_allowed'), { Allow: 'GET, HEAD' }),
  );
  app.use((_req: Request, res: Response) => sendProblem(res, problem('not_found')));
  app.use(onError(deps));
  return app;
}

/** Nobody is trusted on the word of a record that cannot be read. */
async function stateReply(deps: Deps, report: (db: Deps['db']) => Promise<StateReport>) {
  try {
    return { status: 200, body: await report(deps.db) };
  } catch (error) {
    const said = problemFor(error);
    if (said.status !== 503) throw error;
    return {
      status: 503,
      body: { ...said, state: 'unknown' },
      headers: { 'Content-Type': PROBLEM_TYPE, ...problemHeaders(503) },
    };
  }
}
