import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

/** A beat that came back. Times are in milliseconds; what was committed before it was sent has been heard before it. */
export interface Beat {
  /** By `performance.now()` and by `Date.now()` of this process. */
  sent: number;
  sentWall: number;
  /** The database's clock, read after the beat was sent. */
  database: number;
}

export interface TokenHearing {
  /** From here on every change is heard. */
  listening: () => void;
  changed: (token_sha256: string) => void;
  beat: (beat: Beat) => void;
  /** Changes may have been missed. */
  lost: (reason: string) => void;
}

const EVERY_MS = 250;
/** A connection on which no beat came back for so long is given up. */
const SILENT_MS = 2_000;
const AGAIN_AFTER_MS = 250;

/**
 * Hears every change of a token until `signal` aborts, and sends itself a beat through the same queue: Postgres delivers
 * notifications in the order of their commits, so a beat that came back says that nothing before it was missed.
 */
export async function followTokens(
  { url, session }: { url: string; session: string },
  hearing: TokenHearing,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await follow({ url, session }, hearing, signal);
    } catch (error) {
      hearing.lost(error instanceof Error ? error.message : String(error));
      await sleep(AGAIN_AFTER_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

async function follow(
  { url, session }: { url: string; session: string },
  { listening, changed, beat }: TokenHearing,
  signal: AbortSignal,
): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    application_name: session,
    connectionTimeoutMillis: 2_000,
    query_timeout: 5_000,
    keepAlive: true,
  });
  const channel = `token_beat_${randomBytes(8).toString('hex')}`;
  const over = Promise.withResolvers<void>();
  const lost = (error?: Error) => over.reject(error ?? new Error('the listening session ended'));
  const stop = () => over.resolve();
  over.promise.catch(() => undefined);
  let waiting: { n: number; sent: number; sentWall: number } | undefined;
  let n = 0;
  let timer: NodeJS.Timeout | undefined;

  const send = (): void => {
    const sent = performance.now();
    if (waiting !== undefined) {
      if (sent - waiting.sent > SILENT_MS) lost(new Error('no beat came back'));
      return;
    }
    waiting = { n: ++n, sent, sentWall: Date.now() };
    client.query(BEAT, [channel, n]).catch(lost);
  };
  client.on('error', lost);
  client.on('end', () => lost());
  client.on('notification', ({ channel: heard, payload = '' }) => {
    if (heard === 'api_tokens') return changed(payload);
    const [number, database] = payload.split(' ').map(Number);
    if (waiting === undefined || number !== waiting.n || database === undefined) return;
    const { sent, sentWall } = waiting;
    waiting = undefined;
    beat({ sent, sentWall, database });
  });
  try {
    await client.connect();
    await client.query(`LISTEN api_tokens; LISTEN ${pg.escapeIdentifier(channel)}`);
    listening();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    timer = setInterval(send, EVERY_MS);
    send();
    await over.promise;
  } finally {
    clearInterval(timer);
    signal.removeEventListener('abort', stop);
    // A peer that went silent does not answer a farewell either.
    await Promise.race([client.end().catch(() => undefined), sleep(500)]);
    client.connection.stream.destroy();
  }
}

const BEAT = `SELECT pg_notify($1, $2::int8 || ' ' || (extract(epoch FROM clock_timestamp()) * 1000)::text)`;
