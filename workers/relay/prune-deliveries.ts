import type { Logger } from 'pino';
import type { Database } from '../../db/client.ts';
import { pruneDeliveries } from '../../db/command/prune-deliveries.ts';
import { keepRounds } from '../keep-rounds.ts';

const EVERY_MS = 10 * 60_000;

/** Forgets old deliveries in batches, until `signal` aborts; a round that fails is repeated by the next. */
export async function keepPruningDeliveries(db: Database, log: Logger, signal: AbortSignal): Promise<void> {
  await keepRounds({ everyMs: EVERY_MS, log, failed: 'deliveries.unpruned' }, () => round(db, signal), signal);
}

async function round(db: Database, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && (await pruneDeliveries(db)) > 0);
}
