import type { Database } from '../../db/client.ts';
import { relayOutbox } from '../../db/command/relay-outbox.ts';
import type { Lane, OutboxPoke } from '../../db/command/relay-outbox.ts';
import { RELAY_SESSION } from '../../db/read/relay.ts';
import { incidentsNumbered } from '../../db/read/intake-progress.ts';
import type { StartProcess } from '../../activities/start-process.ts';
import type { Logger } from '../log.ts';
import { keepListening } from './listen.ts';
import { Pace } from './pace.ts';
import { sendPokes } from './send-pokes.ts';
import { Wakeup } from './wakeup.ts';

const BATCH = 64;
const POLL_MS = 500;
/** How soon a full window or a spent allowance is looked at again. */
const BLOCKED_MS = 100;
/** An answer that somebody waits for is out of the engine by then; a poke of the same process would be in its way. */
const ANSWERED_MS = 25;
const LONGEST_BACKOFF_MS = 5_000;

export interface RelayDeps {
  db: Database;
  databaseUrl: string;
  startProcess: StartProcess;
  /** Processes of a lane started and not yet settled, at most. */
  window: number;
  log: Logger;
}

/** What one round came to: rows are waiting that may move at once, or later, or none are. */
type Round = 'more' | 'blocked' | 'idle' | 'failed';

/**
 * Carries the outbox to the engine until `signal` aborts: critical rows in a loop of their own. Resolves when it listens;
 * `ended` when the last batch is done.
 */
export async function startRelay(deps: RelayDeps, signal: AbortSignal): Promise<{ ended: Promise<void> }> {
  const { db, databaseUrl, startProcess, window, log } = deps;
  const wakeups = { critical: new Wakeup(signal), ordinary: new Wakeup(signal) };
  const pace = new Pace(() => incidentsNumbered(db));
  const send = (pokes: OutboxPoke[]) => sendPokes(pokes, startProcess, log);
  const outbox = { url: databaseUrl, session: RELAY_SESSION, channel: 'outbox' };
  const heard = (wake: string) => {
    for (const wakeup of Object.values(wakeups))
      if (wake === 'answered') wakeup.wakeIn(ANSWERED_MS);
      else wakeup.wake();
  };
  const listener = await keepListening(outbox, heard, log, signal);
  const loops = Promise.all([run('critical'), run('ordinary')]);
  return { ended: Promise.all([listener.ended, loops]).then(() => undefined) };

  async function run(lane: Lane): Promise<void> {
    const wakeup = wakeups[lane];
    let backoff = BLOCKED_MS;
    while (!signal.aborted) {
      wakeup.arm();
      const outcome = await round(lane).catch((error: unknown): Round => {
        log.warn({ event: 'relay.failed', lane, reason: error instanceof Error ? error.message : String(error) });
        return 'failed';
      });
      if (outcome !== 'failed') backoff = BLOCKED_MS;
      if (outcome === 'blocked') await wakeup.sleep(BLOCKED_MS);
      // What was committed while the round ran may have been too late for it.
      if (outcome === 'idle') await wakeup.sleepUnlessWoken(POLL_MS);
      if (outcome === 'failed') await wakeup.sleep((backoff = Math.min(LONGEST_BACKOFF_MS, backoff * 2)));
    }
  }

  async function round(lane: Lane): Promise<Round> {
    const allowed = lane === 'critical' ? BATCH : Math.min(BATCH, await pace.allowance());
    if (allowed === 0) return 'blocked';
    let refused = 0;
    const { taken, blocked } = await relayOutbox(db, { lane, limit: allowed, window }, async (pokes) => {
      const sent = await send(pokes);
      refused = sent.filter((s) => !s).length;
      return sent;
    });
    if (lane === 'ordinary') pace.moved(taken);
    if (refused > 0) return 'failed';
    if (blocked) return 'blocked';
    return taken >= allowed ? 'more' : 'idle';
  }
}
