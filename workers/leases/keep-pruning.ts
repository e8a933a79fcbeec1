import type { Database } from '../../db/client.ts';
import { pruneLeases } from '../../db/command/prune-leases.ts';
import type { Logger } from '../log.ts';
import { Wakeup } from '../relay/wakeup.ts';

const EVERY_MS = 3_600_000;
/** Batches of one round; what is left waits for the next. */
const AT_MOST = 100;

/** Removes leases of long ago at once and then every hour until `signal` aborts; a round that fails is repeated by the next. */
export async function keepPruningLeases(
  { db, log }: { db: Database; log: Logger },
  signal: AbortSignal,
): Promise<void> {
  const wakeup = new Wakeup(signal);
  while (!signal.aborted) {
    try {
      await round(db, signal);
    } catch (error) {
      log.warn({ event: 'leases.unpruned', reason: error instanceof Error ? error.message : String(error) });
    }
    await wakeup.sleep(EVERY_MS);
  }
}

async function round(db: Database, signal: AbortSignal): Promise<void> {
  for (let batch = 0, more = true; more && batch < AT_MOST && !signal.aborted; batch++)
    ({ more } = await pruneLeases(db));
}
