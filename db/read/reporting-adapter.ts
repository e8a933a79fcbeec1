import type { IncidentClass } from '../../domain/containment/types.ts';
import { prepared } from '../client.ts';
import type { Queryable } from '../client.ts';

/** What an adapter that calls in is judged by. */
export interface ReportingAdapter {
  adapter_id: string;
  name: string;
  /** Of the definition; what is judged by it is recorded only while it is still the same. */
  version: number;
  classes: IncidentClass[];
  /** Null: it has none, and does not call in. */
  secret_ref: string | null;
  previous_secret_ref: string | null;
  /** The database's clock. */
  now: string;
}

/** The active adapter of that name, as of now. */
export async function reportingAdapter(
  db: Queryable,
  workspace_id: string,
  name: string,
): Promise<ReportingAdapter | undefined> {
  const [found] = await prepared<ReportingAdapter>(
    db,
    'adapter-reporting',
    `SELECT adapter_id, name, version, classes, secret_ref, previous_secret_ref, clock_timestamp() AS now
      FROM adapters WHERE workspace_id = $1 AND name = $2 AND state = 'active'`,
    [workspace_id, name],
  );
  return found;
}
