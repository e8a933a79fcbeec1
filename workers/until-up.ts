import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from './log.ts';

const AGAIN_AFTER_MS = 500;
const SAY_EVERY = 20;

/**
 * Repeats `attempt` until it succeeds: a server that is not there yet is no reason to end. Says so at first and then
 * every 10 s. Rejects with an AbortError when `signal` aborts.
 */
export async function untilUp<T>(
  name: string,
  attempt: () => Promise<T>,
  log: Logger,
  signal: AbortSignal,
): Promise<T> {
  for (let n = 0; ; n += 1) {
    signal.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (n % SAY_EVERY === 0) log.warn({ event: `${name}.waiting`, reason });
      await sleep(AGAIN_AFTER_MS, undefined, { signal });
    }
  }
}
