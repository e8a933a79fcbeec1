import { INCIDENT_PROCESS_TYPES } from '../../domain/process/types.ts';
import { rows } from '../client.ts';
import type { Queryable } from '../client.ts';

/** A workflow that the engine runs, by the record's key of its process. */
export interface RunningProcess {
  workspace_id: string;
  workflow_id: string;
}

/** Long enough for a workflow to return after the record has said that it is over. */
const OVER_BEFORE = '10 seconds';

/**
 * Which of these the record does not want running: unknown to it, over for a while, or still waiting for an incident that
 * was resolved a while ago with no poke on its way. Rows come before their workflows, so an unknown one is not a new one.
 */
export async function staleProcesses(db: Queryable, running: RunningProcess[]): Promise<RunningProcess[]> {
  return rows<RunningProcess>(
    db,
    `SELECT s.w AS workspace_id, s.id AS workflow_id FROM unnest($1::text[], $2::text[]) AS s(w, id)
      LEFT JOIN process p ON p.workspace_id = s.w AND p.workflow_id = s.id
      LEFT JOIN incidents i ON p.type = ANY($3) AND i.workspace_id = p.workspace_id AND i.id = p.subject
      WHERE p.workflow_id IS NULL OR p.over_at < clock_timestamp() - interval '${OVER_BEFORE}'
        OR (p.over_at IS NULL AND i.state = 'resolved' AND i.resolved_at < clock_timestamp() - interval '${OVER_BEFORE}'
          AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.workspace_id = p.workspace_id AND o.workflow_id = p.workflow_id))`,
    [running.map((r) => r.workspace_id), running.map((r) => r.workflow_id), INCIDENT_PROCESS_TYPES],
  );
}
