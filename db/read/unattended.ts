import { one } from '../client.ts';
import type { Queryable } from '../client.ts';
import { INSTANCE } from '../command/caller.ts';
import { CHILDREN_SESSION, UPSTREAMS_SESSION } from './sessions.ts';

export const UNATTENDED_KINDS = ['children', 'fan_out', 'upstreams'] as const;
export type Unattended = (typeof UNATTENDED_KINDS)[number];

/** Alerts get their deliveries within a second; later than this nobody sees to it. */
const FAN_OUT_LATE = '30 seconds';
/** An upstream is asked when it is due; later than this nobody asks. */
const PROBE_LATE = '90 seconds';

/** What is configured and done by nobody: child adapters, the deliveries of alerts, the questions to upstreams. */
export async function unattended(db: Queryable): Promise<Unattended[]> {
  const row = await one<Record<Unattended, boolean>>(
    db,
    `WITH s AS (SELECT application_name AS name FROM pg_stat_activity WHERE datname = current_database())
      SELECT EXISTS (SELECT 1 FROM adapters WHERE state = 'active' AND mode = 'child_process')
          AND NOT EXISTS (SELECT 1 FROM s WHERE name = $2) AS children,
        EXISTS (SELECT 1 FROM active_policies WHERE kind = 'hooks')
          AND coalesce((SELECT created_at FROM notifications WHERE NOT fanned_out ORDER BY id LIMIT 1)
            < clock_timestamp() - interval '${FAN_OUT_LATE}', false) AS fan_out,
        EXISTS (SELECT 1 FROM upstream_probes WHERE workspace_id = $1)
          AND (NOT EXISTS (SELECT 1 FROM s WHERE name = $3) OR EXISTS (SELECT 1 FROM upstream_probes
            WHERE probe = 'readiness' AND due_at < clock_timestamp() - interval '${PROBE_LATE}')) AS upstreams`,
    [INSTANCE, CHILDREN_SESSION, UPSTREAMS_SESSION],
  );
  return UNATTENDED_KINDS.filter((kind) => row?.[kind] !== false);
}
