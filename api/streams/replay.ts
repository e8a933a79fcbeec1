import { setTimeout as sleep } from 'node:timers/promises';
import { listEvents } from '../../db/read/events.ts';
import type { EventQuery, LogEvent } from '../../db/read/events.ts';
import type { Queryable } from '../../db/client.ts';
import type { LogPosition } from '../../domain/ledger/position.ts';
import { CHUNK, endOfChunk } from './event-feed.ts';
import type { EventFeed } from './event-feed.ts';
import { entryFrame } from './frames.ts';
import type { StreamClient } from './stream-client.ts';

const AGAIN_AFTER_MS = 500;

export type ReadEvents = (query: EventQuery) => Promise<LogEvent[]>;

/** Reads for streams that catch up, at most so many at once: a thousand clients that come back leave the pool to others. */
export function replayReads(db: Queryable, atOnce = 4): ReadEvents {
  let busy = 0;
  const waiting: (() => void)[] = [];
  return async (query) => {
    if (busy < atOnce) busy += 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await listEvents(db, query);
    } finally {
      const next = waiting.shift();
      if (next === undefined) busy -= 1;
      else next();
    }
  };
}

export interface ReplayDeps {
  feed: EventFeed;
  read: ReadEvents;
  lost: (error: unknown) => void;
  /** Before the record is asked again. */
  pause?: () => Promise<unknown>;
}

/**
 * Sends a client of the feed what it missed from `place` on, at its own pace, until it stands where the feed does; then it
 * is live, in the same turn. Over any loss of the record it waits and goes on where it was.
 */
export async function replay(
  client: StreamClient,
  { feed, read, lost, pause = () => sleep(AGAIN_AFTER_MS) }: ReplayDeps,
  place: LogPosition,
): Promise<void> {
  let at = place;
  let listed = false;
  while (!client.over) {
    let events: LogEvent[];
    try {
      // A round that began before the client was added may not read what it is about.
      if (!listed) await feed.refresh();
      listed = true;
      const [segment] = feed.segmentsFrom(at);
      if (segment === undefined) {
        client.goLive();
        return;
      }
      events = await read({ ...client.filter, segment, limit: CHUNK });
      at = { epoch: segment.epoch, index: endOfChunk(events, segment) };
    } catch (error) {
      lost(error);
      await pause();
      continue;
    }
    const { epoch } = at;
    if (events.length > 0) await client.send(events.map((event) => entryFrame(epoch, event)).join(''));
  }
}
