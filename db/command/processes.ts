import { ceremonyRequired, missing } from '../../domain/incident/requirement.ts';
import type { Incident } from '../../domain/incident/types.ts';
import { workflowIdOf } from '../../domain/process/types.ts';
import type { IncidentProcess, ProcessView } from '../../domain/process/types.ts';
import type { Database } from '../client.ts';
import { one } from '../client.ts';
import { transaction } from '../transaction.ts';
import type { Tx } from '../transaction.ts';

interface Attended extends Incident {
  started_at: string | null;
  settled_at: string | null;
  over: boolean;
  last_nudge_at: string | null;
}

/** Nudges are decisions of the incident, so the last one is found by the key of decisions. */
const ATTEND = `SELECT i.*, p.started_at, p.settled_at, (p.workflow_id IS NULL OR p.over_at IS NOT NULL) AS over,
    (SELECT max(d.at) FROM decisions d WHERE d.workspace_id = i.workspace_id AND d.aggregate = 'incident/' || i.id
      AND d.kind IN ('reminder', 'page') AND d.at >= i.required_after) AS last_nudge_at
  FROM incidents i LEFT JOIN process p ON p.workspace_id = i.workspace_id AND p.workflow_id = $3
  WHERE i.workspace_id = $1 AND i.id = $2`;

/**
 * What the record says to a process that has just woken: undefined for an unknown incident. Marks the process started,
 * and settled once the containment has its first outcome: from there it waits for people, and the relay's window is
 * free for the next.
 */
export async function attendProcess(db: Database, process: IncidentProcess): Promise<ProcessView | undefined> {
  return transaction(db, async (tx) => {
    const workflowId = workflowIdOf(process.type, process.incident_id);
    const row = await one<Attended>(tx, ATTEND, [process.workspace_id, process.incident_id, workflowId]);
    if (row === undefined) return undefined;
    const view = viewOf(row);
    const settles = row.settled_at === null && (view.settled || process.type === 'recoveryCeremony');
    if (!row.over && (row.started_at === null || settles)) await mark(tx, process.workspace_id, workflowId, settles);
    return view;
  });
}

const viewOf = (row: Attended): ProcessView => ({
  version: row.version,
  class: row.class,
  severity: row.severity,
  severity_rank: row.severity_rank,
  resolved: row.state === 'resolved',
  over: row.over,
  settled: row.pending_actions === 0 || row.state === 'containment_failed',
  ceremony: ceremonyRequired(row),
  missing: missing(row),
  required_after: row.required_after,
  last_nudge_at: row.last_nudge_at,
});

async function mark(tx: Tx, workspace_id: string, workflow_id: string, settles: boolean): Promise<void> {
  await tx.query({
    name: 'process-mark',
    text: `UPDATE process SET started_at = coalesce(started_at, clock_timestamp()),
        settled_at = CASE WHEN $3 THEN coalesce(settled_at, clock_timestamp()) ELSE settled_at END
      WHERE workspace_id = $1 AND workflow_id = $2 AND over_at IS NULL`,
    values: [workspace_id, workflow_id, settles],
  });
}

/** Some adapter has yet to hear that a hold of the incident is released. */
const RESTORING = `EXISTS (SELECT 1 FROM holds h WHERE h.workspace_id = i.workspace_id AND h.incident_id = i.id AND h.restoring)`;

/**
 * Closes a process whose incident is resolved; the response stays until every adapter has acknowledged the restore, or is
 * retired. False when there is something to wait for, whatever the workflow believes.
 */
export async function closeProcess(db: Database, process: IncidentProcess): Promise<boolean> {
  return transaction(db, async (tx) => {
    const row = await one<{ resolved: boolean; restoring: boolean }>(
      tx,
      `SELECT i.state = 'resolved' AS resolved, ${RESTORING} AS restoring FROM incidents i
        WHERE i.workspace_id = $1 AND i.id = $2 FOR SHARE OF i`,
      [process.workspace_id, process.incident_id],
    );
    if (row?.resolved !== true || (process.type === 'incidentResponse' && row.restoring)) return false;
    await tx.query({
      name: 'process-close',
      text: `UPDATE process SET over_at = clock_timestamp() WHERE workspace_id = $1 AND workflow_id = $2 AND over_at IS NULL`,
      values: [process.workspace_id, workflowIdOf(process.type, process.incident_id)],
    });
    return true;
  });
}
