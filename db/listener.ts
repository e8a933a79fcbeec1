import pg from 'pg';

export interface ListenerOptions {
  url: string;
  /** The session's `application_name`. */
  name: string;
  /** A name of our own, never a client's: LISTEN takes no parameters. */
  channel: string;
  listening: () => void;
  heard: (payload: string) => void;
  signal: AbortSignal;
}

const ALIVE_EVERY_MS = 5_000;

/** Listens on one channel. Resolves when `signal` aborts, rejects when the connection is lost or goes silent. */
export async function openListener({ url, name, channel, listening, heard, signal }: ListenerOptions): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    application_name: name,
    connectionTimeoutMillis: 2_000,
    query_timeout: 5_000,
    keepAlive: true,
  });
  const over = Promise.withResolvers<void>();
  const stop = () => over.resolve();
  const lost = (error?: Error) => over.reject(error ?? new Error('the listening session ended'));
  client.on('error', lost);
  client.on('end', () => lost());
  client.on('notification', ({ payload = '' }) => heard(payload));
  let alive: NodeJS.Timeout | undefined;
  try {
    await client.connect();
    await client.query(`LISTEN ${pg.escapeIdentifier(channel)}`);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    // A peer that vanished without a word is found out only by asking.
    alive = setInterval(() => void client.query('SELECT 1').catch(lost), ALIVE_EVERY_MS);
    listening();
    await over.promise;
  } finally {
    clearInterval(alive);
    signal.removeEventListener('abort', stop);
    over.promise.catch(() => undefined);
    await client.end().catch(() => undefined);
  }
}
