import { one } from '../client.ts';
import type { Queryable } from '../client.ts';

/** The highest incident number handed out; what it grows by is the load of intake, read without counting rows. */
export async function incidentsNumbered(db: Queryable): Promise<number> {
  const row = await one<{ n: number }>(db, 'SELECT last_value AS n FROM incident_number');
  return row?.n ?? 0;
}
