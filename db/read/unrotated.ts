import { one } from '../client.ts';
import type { Queryable } from '../client.ts';
import { visibleWorkspaces } from '../command/caller.ts';

/** No more of them are counted. */
export const UNROTATED_COUNTED = 1_000;

/**
 * Slots whose value came with the record that was last promoted, of the workspaces that a caller sees; undefined where none
 * was promoted, or all are rotated. A login that is over has no value that could be.
 */
export const unrotatedSlots = (
  db: Queryable,
  workspace_id: string,
): Promise<{ n: number; since: string; origin: string } | undefined> =>
  one(
    db,
    `WITH promoted AS (SELECT origin, opened_at FROM log_heads h WHERE workspace_id = 'system'
        AND EXISTS (SELECT 1 FROM log_heads b WHERE b.workspace_id = 'system' AND b.epoch < h.epoch) ORDER BY epoch DESC LIMIT 1)
      SELECT f.n::int4 AS n, p.opened_at AS since, p.origin FROM promoted p, LATERAL (SELECT count(*) AS n FROM (
        SELECT 1 FROM secret_versions v JOIN secret_slots s USING (workspace_id, slot)
          WHERE v.exposed_since <= p.opened_at AND v.exposed_since IS NOT NULL AND v.destroyed_at IS NULL
            AND v.version = s.current_version AND v.workspace_id = ANY($1)
            AND (s.workspace_id <> 'system' OR s.kind <> 'oauth' OR EXISTS (SELECT 1 FROM upstream_accounts a
              WHERE a.workspace_id = 'system' AND s.slot = 'upstream.' || a.name || '.tokens' AND a.state = 'logged_in'))
          LIMIT ${UNROTATED_COUNTED}) AS found) AS f WHERE f.n > 0`,
    [visibleWorkspaces(workspace_id)],
  );
