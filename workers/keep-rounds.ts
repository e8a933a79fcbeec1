import type { Logger } from './log.ts';
import { Wakeup } from './relay/wakeup.ts';

export interface Rounds {
  everyMs: number;
  log: Pick<Logger, 'warn'>;
  /** What a round that failed is logged as. */
  failed: string;
}

/** Takes a round at once and then every so often until `signal` aborts; one that fails is repeated by the next. */
export async function keepRounds(
  { everyMs, log, failed }: Rounds,
  round: () => Promise<unknown>,
  signal: AbortSignal,
): Promise<void> {
  const wakeup = new Wakeup(signal);
  while (!signal.aborted) {
    try {
      await round();
    } catch (error) {
      log.warn({ event: failed, reason: error instanceof Error ? error.message : String(error) });
    }
    await wakeup.sleep(everyMs);
  }
}
