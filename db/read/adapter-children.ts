import { rows } from '../client.ts';
import type { Queryable } from '../client.ts';

/** As many as one control process runs. */
const MOST = 200;

/** Child adapters of a workspace that should run and do not, by name, with what was said last. */
export const adapterChildrenDown = (
  db: Queryable,
  workspace_id: string,
): Promise<{ name: string; last_error: string | null }[]> =>
  rows(
    db,
    `SELECT a.name, a.last_error FROM adapters a
      WHERE a.workspace_id = $1 AND a.state = 'active' AND a.mode = 'child_process' AND NOT EXISTS (
        SELECT 1 FROM adapter_children c WHERE c.workspace_id = a.workspace_id AND c.adapter_id = a.adapter_id
          AND c.ended_at IS NULL AND c.not_after > clock_timestamp())
      ORDER BY a.name LIMIT ${MOST}`,
    [workspace_id],
  );
