import type { Database } from '../../db/client.ts';
import { pruneLeases } from '../../db/command/prune-leases.ts';
import type { Logger } from '../log.ts';
import { keepRounds } from '../keep-rounds.ts';

const EVERY_MS = 3_600_000;
/** Batches of one round; what is left waits for the next. */
const AT_MOST = 100;

/** Removes leases of long ago at once and then every hour until `signal` aborts; a round that fails is repeated by the next. */
export async function keepPruningLeases(
  { db, log }: { db: Database; log: Logger },
  signal: AbortSignal,
): Promise<void> {
  await keepRounds({ everyMs: EVERY_MS, log, failed: 'leases.unpruned' }, () => round(db, signal), signal);
}

async function round(db: Database, signal: AbortSignal): Promise<void> {
  for (let batch = 0, more = true; more && batch < AT_MOST && !signal.aborted; batch++)
    ({ more } = await pruneLeases(db));
}
