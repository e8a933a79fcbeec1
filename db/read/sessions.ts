import { one } from '../client.ts';
import type { Queryable } from '../client.ts';

/** Held by whoever runs child adapters, or waits for its turn to. */
export const CHILDREN_SESSION = 'interlock-children';
/** Held by whoever asks the upstreams. */
export const UPSTREAMS_SESSION = 'interlock-upstreams';

/** Whether some process holds a session of this name on this database: it is gone the moment its process is. */
export async function sessionConnected(db: Queryable, name: string): Promise<boolean> {
  const row = await one(
    db,
    'SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1 LIMIT 1',
    [name],
  );
  return row !== undefined;
}
