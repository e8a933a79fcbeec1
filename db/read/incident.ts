import type { Incident } from '../../domain/incident/types.ts';
import { one } from '../client.ts';
import type { Queryable } from '../client.ts';
import { visibleWorkspaces } from '../command/caller.ts';

/** One incident of a workspace the caller sees, or undefined. */
export async function getIncident(db: Queryable, workspace_id: string, id: string): Promise<Incident | undefined> {
  return one<Incident>(db, 'SELECT * FROM incidents WHERE workspace_id = ANY($1) AND id = $2', [
    visibleWorkspaces(workspace_id),
    id,
  ]);
}

/**
 * The same with the place in the log of the last entry that carries this version's hash; null while it waits for one. Both
 * are of one moment.
 */
export async function getIncidentInLog(
  db: Queryable,
  workspace_id: string,
  id: string,
): Promise<(Incident & { ledger_index: number | null }) | undefined> {
  const { text, values } = incidentInLogQuery(workspace_id, id);
  return one(db, text, values);
}

/** The statement of `getIncidentInLog`. */
export const incidentInLogQuery = (workspace_id: string, id: string) => ({
  text: `SELECT i.*, l.idx AS ledger_index FROM incidents i LEFT JOIN LATERAL (
      SELECT x.idx, e.record_hash FROM log_index x JOIN ledger_entries e USING (entry_id)
        WHERE x.workspace_id = i.workspace_id AND x.object = 'incident/' || i.id AND e.record_hash IS NOT NULL
          AND x.epoch = (SELECT max(epoch) FROM log_heads WHERE workspace_id = 'system')
        ORDER BY x.epoch DESC, x.idx DESC LIMIT 1) AS l ON l.record_hash = i.hash
    WHERE i.workspace_id = ANY($1) AND i.id = $2`,
  values: [visibleWorkspaces(workspace_id), id],
});
