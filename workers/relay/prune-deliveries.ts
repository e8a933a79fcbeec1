import type { Logger } from 'pino';
import type { Database } from '../../db/client.ts';
import { pruneDeliveries } from '../../db/command/prune-deliveries.ts';
import { Wakeup } from './wakeup.ts';

const EVERY_MS = 10 * 60_000;

/** Forgets old deliveries in batches, until `signal` aborts; a round that fails is repeated by the next. */
export async function keepPruningDeliveries(db: Database, log: Logger, signal: AbortSignal): Promise<void> {
  const wakeup = new Wakeup(signal);
  const isOver = (): boolean => signal.aborted;
  while (!isOver()) {
    try {
      while ((await pruneDeliveries(db)) > 0) if (isOver()) return;
    } catch (error) {
      log.warn({ event: 'deliveries.unpruned', reason: error instanceof Error ? error.message : String(error) });
    }
    await wakeup.sleep(EVERY_MS);
  }
}
