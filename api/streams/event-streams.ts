import type { ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { keepListening } from '../../db/keep-listening.ts';
import type { Database } from '../../db/client.ts';
import { isBefore, placeBehind } from '../../domain/ledger/position.ts';
import type { LogPosition } from '../../domain/ledger/position.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import { invalidFields } from '../fields.ts';
import type { StreamReply } from '../reply.ts';
import { EventFeed, feedReads } from './event-feed.ts';
import type { EventFilter } from './event-feed.ts';
import { openingFrame } from './frames.ts';
import { replay, replayReads } from './replay.ts';
import { StreamClient } from './stream-client.ts';

/** What a client asks for. */
export interface StreamRequest {
  filter: EventFilter;
  /** The id of the last entry it has, and where in the request that stood; absent for what is new only. */
  after?: { id: string; path: string } | undefined;
  /** Whether the caller may still read: a stream outlives the request that was permitted. */
  permitted: () => Promise<boolean>;
}

export interface EventStreams {
  /** Errors: too_many_requests, validation_failed for an `after` that is no id or lies ahead of the log, and those of the record. */
  open: (request: StreamRequest) => Promise<StreamReply>;
  /** Ends every stream; clients come back to whoever answers then. */
  close: () => Promise<void>;
}

export interface StreamLimits {
  /** Streams of one process. */
  streams: number;
  /** Bytes that wait for a client that reads too slowly. */
  bufferBytes: number;
  heartbeatMs: number;
  /** How often the permission of each stream is looked at again. */
  permissionMs: number;
}

const LIMITS: StreamLimits = { streams: 512, bufferBytes: 256 * 1024, heartbeatMs: 15_000, permissionMs: 500 };

const HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  // nginx: pass on what arrives when it arrives.
  'X-Accel-Buffering': 'no',
  // An ended stream ends its connection: nobody waits for the next request on it.
  Connection: 'close',
};

/** After a restart clients should not all come back at once. */
const retryMs = (): number => 1_000 + Math.floor(Math.random() * 2_000);

/** The event streams of one API process: one listening session and one reader of the log for all of them. */
export function createEventStreams(
  { db, databaseUrl, log }: { db: Database; databaseUrl: string; log: Logger },
  given: Partial<StreamLimits> = {},
): EventStreams {
  const limits = { ...LIMITS, ...given };
  const feed = new EventFeed(feedReads(db));
  const read = replayReads(db);
  const lost = (error: unknown) =>
    log.warn({ event: 'streams.read_failed', reason: error instanceof Error ? error.message : String(error) });
  const stopping = new AbortController();
  const open = new Map<StreamClient, StreamRequest>();
  let opening = 0;
  let listening: Promise<{ ended: Promise<void> }> | undefined;

  /** What has grown is handed out, or will be when the record can be read again. */
  const grow = (): void => {
    if (open.size === 0 || stopping.signal.aborted) return;
    feed.refresh().catch((error: unknown) => {
      lost(error);
      setTimeout(grow, 500).unref();
    });
  };
  const listen = () =>
    (listening ??= keepListening(
      { url: databaseUrl, session: 'interlock-streams', channel: 'ledger_grown' },
      { heard: grow, lost: (reason) => log.warn({ event: 'streams.listen_failed', reason }) },
      stopping.signal,
    ));

  const heartbeats = setInterval(() => {
    for (const client of open.keys()) client.heartbeat();
  }, limits.heartbeatMs).unref();
  const permissions = setInterval(() => {
    for (const [client, { permitted }] of open)
      void permitted().then((still) => {
        if (!still) client.end();
      });
  }, limits.permissionMs).unref();

  async function placeOf({ after }: StreamRequest): Promise<LogPosition> {
    const place = after === undefined ? undefined : placeBehind(after.id);
    if (after !== undefined && place === undefined) invalidFields({ path: after.path, code: 'invalid_value' });
    await feed.refresh();
    if (after !== undefined && place !== undefined && isBefore(feed.position, place))
      invalidFields({ path: after.path, code: 'ahead_of_log' });
    return place ?? feed.position;
  }

  return {
    open: async (request) => {
      if (open.size + opening >= limits.streams) throw new DomainError('too_many_requests');
      opening += 1;
      try {
        void listen();
        const place = await placeOf(request);
        return { status: 200, headers: HEADERS, attach: (res) => attach(res, request, place) };
      } finally {
        opening -= 1;
      }
    },
    close: async () => {
      stopping.abort();
      clearInterval(heartbeats);
      clearInterval(permissions);
      for (const client of open.keys()) client.end();
      await (
        await listening
      )?.ended;
    },
  };

  function attach(res: ServerResponse, request: StreamRequest, place: LogPosition): void {
    const { filter } = request;
    const client = new StreamClient({ res, filter, bufferBytes: limits.bufferBytes, position: () => feed.position });
    if (stopping.signal.aborted || res.closed) return client.end();
    open.set(client, request);
    feed.add(client);
    res.once('close', () => {
      open.delete(client);
      feed.remove(client);
    });
    res.socket?.setKeepAlive(true, 30_000);
    void client.send(openingFrame(place, retryMs())).then(() => replay(client, { feed, read, lost }, place));
  }
}
