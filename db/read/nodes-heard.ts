import { rows } from '../client.ts';
import type { Queryable } from '../client.ts';

/** Nodes of an instance are few. */
const MOST = 1_000;

/** Enrolled nodes by name, and which of them have answered since an instant, by default in the last five minutes. */
export async function nodesHeard(
  db: Queryable,
  since?: string,
): Promise<{ heard: string[]; silent: string[]; now: string }> {
  const found = await rows<{ node: string; heard: boolean; now: string }>(
    db,
    `SELECT node, coalesce(last_result_at > coalesce($1::timestamptz, clock_timestamp() - interval '5 minutes'), false) AS heard,
        date_trunc('milliseconds', clock_timestamp()) AS now FROM attestation_nodes
      WHERE workspace_id = 'system' AND state = 'enrolled' ORDER BY node LIMIT ${MOST}`,
    [since ?? null],
  );
  const [clock] = await rows<{ now: string }>(db, "SELECT date_trunc('milliseconds', clock_timestamp()) AS now");
  const named = (heard: boolean) => found.filter((node) => node.heard === heard).map(({ node }) => node);
  return { heard: named(true), silent: named(false), now: clock?.now ?? '' };
}
