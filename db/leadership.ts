import pg from 'pg';

/** Of several processes that could do the same work, the one that does it; `unknown` while the database cannot be asked. */
export type Standing = 'leader' | 'follower' | 'unknown';

export interface Leadership {
  standing(): Promise<Standing>;
  close(): Promise<void>;
}

/** Leads while its session holds the advisory lock of `work`; a session that is lost has lost it. */
export function openLeadership({ url, name, work }: { url: string; name: string; work: string }): Leadership {
  let session: pg.Client | undefined;
  let leads = false;

  async function connect(): Promise<pg.Client> {
    if (session !== undefined) return session;
    const client = new pg.Client({
      connectionString: url,
      application_name: name,
      connectionTimeoutMillis: 2_000,
      query_timeout: 5_000,
      keepAlive: true,
    });
    client.on('error', () => void drop());
    await client.connect();
    session = client;
    return client;
  }

  async function drop(): Promise<void> {
    const lost = session;
    session = undefined;
    leads = false;
    await lost?.end().catch(() => undefined);
  }

  return {
    standing: async () => {
      try {
        const client = await connect();
        if (leads) await client.query('SELECT 1');
        else {
          const asked = await client.query<{ held: boolean }>('SELECT pg_try_advisory_lock(hashtext($1)) AS held', [
            `interlock:${work}`,
          ]);
          leads = asked.rows[0]?.held === true;
        }
        return leads ? 'leader' : 'follower';
      } catch {
        await drop();
        return 'unknown';
      }
    },
    close: drop,
  };
}
