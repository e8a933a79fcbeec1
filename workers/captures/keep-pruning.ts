import type { Database } from '../../db/client.ts';
import { pruneExpired } from '../../db/command/prune-captures.ts';
import type { Logger } from '../log.ts';
import { keepRounds } from '../keep-rounds.ts';

const EVERY_MS = 30_000;
/** Batches of a round: what is left waits for the next, and is shown to nobody meanwhile. */
const BATCHES = 40;
const ACTOR = 'capture-pruning';

/** Deletes captures whose time is over, in bounded batches, until `signal` aborts; a round that fails is repeated by the next. */
export async function keepPruning(db: Database, log: Logger, signal: AbortSignal): Promise<void> {
  await keepRounds({ everyMs: EVERY_MS, log, failed: 'captures.prune_failed' }, () => pruneRound(db, signal), signal);
}

async function pruneRound(db: Database, signal: AbortSignal): Promise<void> {
  for (let batch = 0; batch < BATCHES && !signal.aborted; batch += 1) {
    const { more } = await pruneExpired(db, ACTOR);
    if (!more) return;
  }
}
