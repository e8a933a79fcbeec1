import type { Database } from '../../db/client.ts';
import { endOverrides } from '../../db/command/end-overrides.ts';
import { keepRounds } from '../keep-rounds.ts';
import type { Logger } from '../log.ts';

const EVERY_MS = 30_000;

/** Records the end of overrides whose time is over until `signal` aborts; a round that fails is repeated by the next. */
export async function keepEndingOverrides(
  { db, log }: { db: Database; log: Logger },
  signal: AbortSignal,
): Promise<void> {
  await keepRounds(
    { everyMs: EVERY_MS, log, failed: 'overrides.unended' },
    async () => {
      const ended = await endOverrides(db);
      if (ended > 0) log.info({ event: 'overrides.ended', ended });
    },
    signal,
  );
}
