import { one } from '../client.ts';
import type { Queryable } from '../client.ts';

/** The `application_name` of the relay's listening session: it is gone the moment its process is. */
export const RELAY_SESSION = 'interlock-relay';

export async function relayConnected(db: Queryable): Promise<boolean> {
  const row = await one(
    db,
    'SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1 LIMIT 1',
    [RELAY_SESSION],
  );
  return row !== undefined;
}

/** Since when the oldest poke waits for the relay, or null. The outbox is indexed by severity, so each is asked once. */
export async function oldestPoke(db: Queryable): Promise<string | null> {
  const row = await one<{ at: string | null }>(
    db,
    `SELECT min(o.created_at) AS at FROM unnest(ARRAY[1, 2, 3, 4]::int2[]) AS r(rank),
      LATERAL (SELECT created_at FROM outbox WHERE severity_rank = r.rank ORDER BY id LIMIT 1) AS o`,
  );
  return row?.at ?? null;
}
