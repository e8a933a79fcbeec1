import { one } from '../../db/client.ts';
import type { Queryable } from '../../db/client.ts';

/** The database's clock, RFC 3339: the one that whatever ends is checked against. */
export async function databaseTime(db: Queryable): Promise<string> {
  const row = await one<{ now: string }>(db, "SELECT date_trunc('milliseconds', clock_timestamp()) AS now");
  if (row === undefined) throw new Error('the database has no clock');
  return row.now;
}
