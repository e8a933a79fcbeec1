import type { Database } from '../../db/client.ts';
import { queueDeliveries } from '../../db/command/queue-deliveries.ts';
import type { Logger } from '../log.ts';
import { keepRounds } from '../keep-rounds.ts';

const POLL_MS = 500;

/** Gives every alert its deliveries, until `signal` aborts; what was not reached waits in the record. */
export async function fanOutAlerts(db: Database, log: Logger, signal: AbortSignal): Promise<void> {
  await keepRounds({ everyMs: POLL_MS, log, failed: 'deliveries.unqueued' }, () => round(db), signal);
}

async function round(db: Database): Promise<void> {
  while ((await queueDeliveries(db)) > 0);
}
