import { setTimeout as sleep } from 'node:timers/promises';
import { openListener } from '../../db/listener.ts';
import type { Logger } from '../log.ts';

const AGAIN_AFTER_MS = 500;

/** What is listened to, by a session of its own name. */
export interface Channel {
  url: string;
  session: string;
  channel: string;
}

/**
 * Listens on a channel until `signal` aborts, over any loss of the database; `heard` is also called after each
 * (re)connection, for what was written meanwhile. Resolves when it listens for the first time; `ended` when it is over.
 */
export async function keepListening(
  { url, session, channel }: Channel,
  heard: () => void,
  log: Logger,
  signal: AbortSignal,
): Promise<{ ended: Promise<void> }> {
  const first = Promise.withResolvers<void>();
  const ended = run(() => {
    first.resolve();
    heard();
  });
  await Promise.race([first.promise, ended]);
  return { ended };

  async function run(listening: () => void): Promise<void> {
    while (!signal.aborted) {
      try {
        await openListener({ url, name: session, channel, listening, heard, signal });
      } catch (error) {
        log.warn({ event: 'listen.failed', channel, reason: error instanceof Error ? error.message : String(error) });
        await sleep(AGAIN_AFTER_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }
}
