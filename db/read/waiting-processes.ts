import { rows } from '../client.ts';
import type { Queryable } from '../client.ts';

/** The processes that should be waiting for an incident, by workflow type; `over_at` null means it is not over. */
export async function waitingProcesses(db: Queryable, workspace_id: string, incident_id: string): Promise<Set<string>> {
  const found = await rows<{ type: string }>(
    db,
    'SELECT type FROM process WHERE workspace_id = $1 AND workflow_id = ANY($2) AND over_at IS NULL',
    [workspace_id, [`incident/${incident_id}`, `recovery/${incident_id}`]],
  );
  return new Set(found.map((row) => row.type));
}
