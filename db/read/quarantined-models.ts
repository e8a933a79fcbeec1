import { rows } from '../client.ts';
import type { Queryable } from '../client.ts';
import { visibleWorkspaces } from '../command/caller.ts';

export interface QuarantinedModel {
  /** `sha256:…`, a path, or `*` for every model. */
  target: string;
  hold_id: string;
  incident_id: string;
  incident_state: string;
  since: string;
  /** Set when the release was granted and waits for the incident to resolve. */
  release_granted_at: string | null;
}

/** Standing quarantines, oldest first, at most `limit`. */
export async function quarantinedModels(
  db: Queryable,
  workspace_id: string,
  limit: number,
): Promise<QuarantinedModel[]> {
  return rows<QuarantinedModel>(
    db,
    `SELECT h.target, h.hold_id, h.incident_id, i.state AS incident_state, h.placed_at AS since, h.release_granted_at
      FROM holds h JOIN incidents i ON i.workspace_id = h.workspace_id AND i.id = h.incident_id
      WHERE h.workspace_id = ANY($1) AND h.gate = 'model' AND h.released_at IS NULL
      ORDER BY h.placed_at, h.hold_id LIMIT $2`,
    [visibleWorkspaces(workspace_id), limit],
  );
}
