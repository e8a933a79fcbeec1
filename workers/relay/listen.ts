import { keepListening as keepListeningTo } from '../../db/keep-listening.ts';
import type { Channel } from '../../db/keep-listening.ts';
import type { Logger } from '../log.ts';

/**
 * Listens on a channel until `signal` aborts, over any loss of the database; `heard` is also called after each
 * (re)connection, for what was written meanwhile. Resolves when it listens for the first time; `ended` when it is over.
 */
export function keepListening(
  channel: Channel,
  heard: (payload: string) => void,
  log: Logger,
  signal: AbortSignal,
): Promise<{ ended: Promise<void> }> {
  const lost = (reason: string) => log.warn({ event: 'listen.failed', channel: channel.channel, reason });
  return keepListeningTo(channel, { heard, lost }, signal);
}
