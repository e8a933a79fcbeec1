import { setTimeout as sleep } from 'node:timers/promises';
import { openListener } from './listener.ts';

const AGAIN_AFTER_MS = 500;

/** What is listened to, by a session of its own name. */
export interface Channel {
  url: string;
  session: string;
  channel: string;
}

export interface Hearing {
  /** Something was notified, or may have been while nobody listened: also called, with an empty payload, after each (re)connection. */
  heard: (payload: string) => void;
  /** The connection was lost, and is sought again. */
  lost: (reason: string) => void;
}

/**
 * Listens on a channel until `signal` aborts, over any loss of the database. Resolves when it listens for the first time;
 * `ended` when it is over.
 */
export async function keepListening(
  { url, session, channel }: Channel,
  { heard, lost }: Hearing,
  signal: AbortSignal,
): Promise<{ ended: Promise<void> }> {
  const first = Promise.withResolvers<void>();
  const ended = run(() => {
    first.resolve();
    heard('');
  });
  await Promise.race([first.promise, ended]);
  return { ended };

  async function run(listening: () => void): Promise<void> {
    while (!signal.aborted) {
      try {
        await openListener({ url, name: session, channel, listening, heard, signal });
      } catch (error) {
        lost(error instanceof Error ? error.message : String(error));
        await sleep(AGAIN_AFTER_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }
}
