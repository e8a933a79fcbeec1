import type { Database } from '../../db/client.ts';
import { queueDeliveries } from '../../db/command/queue-deliveries.ts';
import type { Logger } from '../log.ts';
import { Wakeup } from './wakeup.ts';

const POLL_MS = 500;

/** Gives every alert its deliveries, until `signal` aborts; what was not reached waits in the record. */
export async function fanOutAlerts(db: Database, log: Logger, signal: AbortSignal): Promise<void> {
  const wakeup = new Wakeup(signal);
  while (!signal.aborted) {
    try {
      while ((await queueDeliveries(db)) > 0);
    } catch (error) {
      log.warn({ event: 'deliveries.unqueued', reason: error instanceof Error ? error.message : String(error) });
    }
    await wakeup.sleep(POLL_MS);
  }
}
