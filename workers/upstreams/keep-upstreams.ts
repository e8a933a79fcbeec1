import { runProbe } from '../../activities/upstreams/probe.ts';
import type { TokenStore, UpstreamDeps } from '../../activities/upstreams/deps.ts';
import { OauthError } from '../../activities/upstreams/oauth-error.ts';
import type { Resolve } from '../../activities/egress/checked-address.ts';
import type { Database } from '../../db/client.ts';
import { recordProbe, takeDueReadiness } from '../../db/command/upstream-probes.ts';
import { answerUpstream, takeUpstreamRequests } from '../../db/command/upstream-requests.ts';
import type { UpstreamRequest } from '../../db/command/upstream-requests.ts';
import { UPSTREAMS_SESSION } from '../../db/read/sessions.ts';
import { loadedUpstreams } from '../../db/read/upstreams.ts';
import type { LoadedUpstreams } from '../../db/read/upstreams.ts';
import { SecretsError } from '../../db/secrets-error.ts';
import type { Upstream } from '../../domain/upstream/definition.ts';
import { probesOf } from '../../domain/upstream/probes.ts';
import type { ProbeName } from '../../domain/upstream/probes.ts';
import { READINESS_EVERY_MS } from '../../domain/upstream/readiness.ts';
import type { Logger } from '../log.ts';
import { keepListening } from '../relay/listen.ts';
import { Wakeup } from '../relay/wakeup.ts';
import { Accounts } from './accounts.ts';
import type { Said } from './accounts.ts';
import { hearUpstreams } from './hear.ts';
import type { Captures } from './hear.ts';

/** Whoever asks says so; this is for a word that was lost, and for what is due by itself. */
const POLL_MS = 1_000;
/** Upstreams that are asked at the same time. */
const AT_ONCE = 8;

export interface UpstreamWork {
  db: Database;
  databaseUrl: string;
  log: Logger;
  readSecret: UpstreamDeps['readSecret'];
  store: TokenStore;
  resolve?: Resolve;
  /** Where what is said is captured. */
  captures?: Captures;
  readinessEveryMs?: number;
}

/** Asks every upstream for its readiness in turn, and does what the API asks of the outside, until `signal` aborts. */
export async function keepUpstreams(work: UpstreamWork, signal: AbortSignal): Promise<void> {
  const { db, databaseUrl, log } = work;
  const egress = {
    ...(work.resolve === undefined ? {} : { resolve: work.resolve }),
    hear: work.captures && hearUpstreams(work.captures),
  };
  const accounts = new Accounts(db, { readSecret: work.readSecret, store: work.store, now: Date.now, ...egress });
  const deps: UpstreamDeps = {
    readSecret: work.readSecret,
    accessToken: (upstream) => accounts.accessToken(upstream),
    ...egress,
  };
  const wakeup = new Wakeup(signal);
  const channel = { url: databaseUrl, session: UPSTREAMS_SESSION, channel: 'upstream_requests' };
  const { ended } = await keepListening(channel, () => wakeup.wake(), log, signal);
  // One that hangs holds up neither the others nor what people ask.
  const asked = loop(async () => answerWaiting({ db, log, accounts, deps }));
  const due = loop(async () => askDue({ db, deps, everyMs: work.readinessEveryMs ?? READINESS_EVERY_MS }));
  await Promise.all([asked, due, ended]);

  async function loop(round: () => Promise<number>): Promise<void> {
    while (!signal.aborted) {
      try {
        wakeup.arm();
        if ((await round()) === 0) await wakeup.sleepUnlessWoken(POLL_MS);
      } catch (error) {
        log.warn({ event: 'upstreams.failed', reason: error instanceof Error ? error.message : String(error) });
        await wakeup.sleep(POLL_MS);
      }
    }
  }
}

interface Tools {
  db: Database;
  log: Logger;
  accounts: Accounts;
  deps: UpstreamDeps;
}

async function askDue({ db, deps, everyMs }: Pick<Tools, 'db' | 'deps'> & { everyMs: number }): Promise<number> {
  const loaded = await loadedUpstreams(db);
  if (loaded === undefined) return 0;
  const names = await takeDueReadiness(db, everyMs, AT_ONCE);
  await Promise.all(names.map((name) => probeAndRecord({ db, deps }, loaded, name, 'readiness', 'system')));
  return names.length;
}

async function probeAndRecord(
  { db, deps }: Pick<Tools, 'db' | 'deps'>,
  { digest, upstreams }: LoadedUpstreams,
  name: string,
  probe: ProbeName,
  actor: string,
): Promise<Said> {
  const upstream = upstreams.find((each) => each.name === name);
  if (upstream === undefined) return { name, probe, ok: false, code: 'unknown' };
  const result = await runProbe(upstream, probe, deps);
  await recordProbe(db, { name, probe, digest, actor }, result);
  return { name, probe, ...result, code: result.ok ? null : result.code };
}

async function answerWaiting(tools: Tools): Promise<number> {
  const waiting = await takeUpstreamRequests(tools.db, AT_ONCE);
  await Promise.all(
    waiting.map(async (request) => {
      const answer = await answerOf(tools, request).catch((error: unknown) => {
        const known = error instanceof OauthError || error instanceof SecretsError;
        if (!known)
          tools.log.warn({ event: 'upstreams.request_failed', kind: request.kind, name: request.name, err: error });
        return { error: known ? error.code : 'failed' };
      });
      await answerUpstream(tools.db, request.request_id, answer);
    }),
  );
  return waiting.length;
}

async function answerOf(tools: Tools, { kind, name, input, actor, on_behalf_of }: UpstreamRequest): Promise<Said> {
  const loaded = await loadedUpstreams(tools.db);
  if (loaded === undefined) return { error: 'upstream_not_found' };
  if (kind === 'check') return { results: await check(tools, loaded, name, input['probes'] as ProbeName[], actor) };
  const upstream = loaded.upstreams.find((each) => each.name === name);
  if (upstream === undefined) return { error: 'upstream_not_found' };
  const by = { actor, on_behalf_of };
  switch (kind) {
    case 'login':
      return tools.accounts.login(upstream, String(input['redirect_uri']), by, input['staged'] === true);
    case 'callback':
      return tools.accounts.callback(upstream, input as Record<string, string>, by);
    case 'refresh':
      return tools.accounts.refresh(upstream, by);
    case 'logout':
      return tools.accounts.logout(upstream, by);
    default: {
      const unknown: never = kind;
      throw new Error(`unknown request ${String(unknown)}`);
    }
  }
}

/** The probes that were asked for, of each upstream that has them; an upstream is asked one thing at a time. */
async function check(
  tools: Tools,
  loaded: LoadedUpstreams,
  name: string | null,
  probes: ProbeName[],
  actor: string,
): Promise<Said[]> {
  const wanted = loaded.upstreams.filter((each) => name === null || each.name === name);
  const found: Said[] = [];
  const queue = [...wanted];
  const one = async (upstream: Upstream): Promise<void> => {
    for (const probe of probesOf(upstream).filter((each) => probes.includes(each)))
      found.push(await probeAndRecord(tools, loaded, upstream.name, probe, actor));
  };
  const runner = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await one(next);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, runner));
  return found.sort((a, b) =>
    `${String(a['name'])} ${String(a['probe'])}` < `${String(b['name'])} ${String(b['probe'])}` ? -1 : 1,
  );
}
