import { one } from '../client.ts';
import type { Tx } from '../transaction.ts';
import { INSTANCE } from './caller.ts';
import type { Part } from './settle-actions.ts';

const AT_ONCE = 200;

/** Of the gates and targets that have restores outstanding, those of which no active adapter has anything left to hear. */
const HEARD = `SELECT k.* FROM (SELECT DISTINCT h.workspace_id, h.gate, h.target FROM holds h
    WHERE h.restoring AND h.workspace_id = ANY($1) AND h.gate = ANY($2) AND ($3::text IS NULL OR h.target = $3)) AS k
  WHERE NOT EXISTS (SELECT 1 FROM adapters a
    JOIN adapter_targets t ON t.workspace_id = a.workspace_id AND t.adapter_id = a.adapter_id AND t.gate = k.gate AND t.target = k.target
    WHERE a.state = 'active' AND (a.workspace_id = k.workspace_id OR k.workspace_id = '${INSTANCE}') AND t.due)`;

const SETTLE = `WITH heard AS MATERIALIZED (${HEARD}),
  done AS (SELECT h.workspace_id, h.hold_id FROM heard k
    JOIN holds h ON h.workspace_id = k.workspace_id AND h.gate = k.gate AND h.target = k.target AND h.restoring
    LIMIT ${AT_ONCE} FOR UPDATE OF h SKIP LOCKED),
  ended AS (UPDATE holds h SET restoring = false FROM done d WHERE h.workspace_id = d.workspace_id AND h.hold_id = d.hold_id
    RETURNING h.workspace_id, h.incident_id),
  poked AS (INSERT INTO outbox (workspace_id, workflow_id, type, subject, version, severity_rank, created_at, actor)
    SELECT DISTINCT p.workspace_id, p.workflow_id, p.type, p.subject, i.version, p.severity_rank, clock_timestamp(), $4::text
      FROM ended e JOIN incidents i ON i.workspace_id = e.workspace_id AND i.id = e.incident_id
        JOIN process p ON p.workspace_id = i.workspace_id AND p.workflow_id = 'incident/' || i.id AND p.over_at IS NULL
    RETURNING 1),
  told AS (SELECT pg_notify('outbox', '') FROM poked LIMIT 1)
  SELECT (SELECT count(*) FROM ended)::int4 AS n, (SELECT count(*) FROM told)::int4 AS told`;

/**
 * Ends the wait for restores that every adapter has acknowledged, a batch of holds, and pokes the processes that stay for
 * them. True when there may be more.
 */
export async function settleRestored(tx: Tx, { workspace_id, gates, target }: Part, actor: string): Promise<boolean> {
  const workspaces = [...new Set([workspace_id, INSTANCE])];
  const row = await one<{ n: number }>(tx, SETTLE, [workspaces, gates, target ?? null, actor]);
  return row?.n === AT_ONCE;
}
