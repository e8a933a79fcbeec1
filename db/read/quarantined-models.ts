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

/** Standing quarantines by target, oldest first of each, at most `limit`. */
export async function quarantinedModels(
  db: Queryable,
  workspace_id: string,
  limit: number,
): Promise<QuarantinedModel[]> {
  const { text, values } = quarantinedModelsQuery(workspace_id, limit);
  return rows<QuarantinedModel>(db, text, values);
}

/** The statement of `quarantinedModels`: in the order of the index, so that no more is read than is shown. */
export function quarantinedModelsQuery(workspace_id: string, limit: number): { text: string; values: unknown[] } {
  const text = `SELECT h.target, h.hold_id, h.incident_id, i.state AS incident_state, h.placed_at AS since, h.release_granted_at
    FROM (SELECT s.* FROM unnest($1::text[]) AS w(id), LATERAL (SELECT * FROM holds
        WHERE workspace_id = w.id AND gate = 'model' AND released_at IS NULL AND incident_id IS NOT NULL
        ORDER BY target, placed_at, hold_id LIMIT $2) AS s
      ORDER BY s.target, s.placed_at, s.hold_id LIMIT $2) AS h
    JOIN incidents i ON i.workspace_id = h.workspace_id AND i.id = h.incident_id
    ORDER BY h.target, h.placed_at, h.hold_id`;
  return { text, values: [visibleWorkspaces(workspace_id), limit] };
}
