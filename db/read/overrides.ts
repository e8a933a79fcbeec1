import type { OverrideEnd } from '../../domain/export/override.ts';
import { one, rows } from '../client.ts';
import type { Queryable } from '../client.ts';

/** An override as its readers see it; `state` is by the database's clock. */
export interface Override {
  override_id: string;
  state: 'live' | OverrideEnd;
  ticket: string;
  reason: string;
  opened_by: string;
  opened_at: string;
  not_after: string;
  ended_at: string | null;
  ended_by: string | null;
  export_id: string | null;
  review_due: string;
  reviewed_at: string | null;
  reviewed_by: string | null;
  review_note: string | null;
  single_operator: boolean;
}

const COLUMNS = `override_id, CASE WHEN end_reason IS NOT NULL THEN end_reason
    WHEN not_after > clock_timestamp() THEN 'live' ELSE 'expired' END AS state,
  ticket, reason, actor AS opened_by, opened_at, not_after, ended_at, ended_by, spent_by AS export_id, review_due,
  reviewed_at, reviewed_by, review_note, single_operator`;

export const findOverride = (db: Queryable, workspace_id: string, override_id: string): Promise<Override | undefined> =>
  one<Override>(db, `SELECT ${COLUMNS} FROM export_overrides WHERE workspace_id = $1 AND override_id = $2`, [
    workspace_id,
    override_id,
  ]);

/** An override that an export could use at this moment. */
export interface LiveOverride {
  override_id: string;
  ticket: string;
  by: string;
  opened_at: string;
  expires_at: string;
}

/** The override that an export of the workspace could use at this moment. Whether it still can, `spendOverride` says. */
export const liveOverride = (db: Queryable, workspace_id: string): Promise<LiveOverride | undefined> =>
  one(
    db,
    `SELECT override_id, ticket, actor AS by, opened_at, not_after AS expires_at FROM export_overrides
      WHERE workspace_id = $1 AND ended_at IS NULL AND not_after > clock_timestamp()`,
    [workspace_id],
  );

/** How many that wait for a review too long are named one by one. */
const NAMED = 20;

/** Overrides that nobody reviewed in time, the longest first. */
export const unreviewedOverrides = (
  db: Queryable,
  workspace_id: string,
): Promise<{ override_id: string; ticket: string; by: string; review_due: string }[]> =>
  rows(
    db,
    `SELECT override_id, ticket, actor AS by, review_due FROM export_overrides
      WHERE workspace_id = $1 AND reviewed_at IS NULL AND review_due <= clock_timestamp()
      ORDER BY review_due, override_id LIMIT ${NAMED}`,
    [workspace_id],
  );

export interface OverridePage {
  workspace_id: string;
  limit: number;
  after?: { created_at: string; id: string };
}

/** The statement of `listOverrides`. */
export const overrideListQuery = ({ workspace_id, limit, after }: OverridePage) => ({
  text: `SELECT ${COLUMNS} FROM export_overrides WHERE workspace_id = $1
      ${after === undefined ? '' : 'AND (opened_at, override_id) < ($3, $4)'}
      ORDER BY opened_at DESC, override_id DESC LIMIT $2`,
  values: [workspace_id, limit + 1, ...(after === undefined ? [] : [after.created_at, after.id])],
});

/** The overrides of a workspace, newest first. */
export async function listOverrides(
  db: Queryable,
  page: OverridePage,
): Promise<{ items: Override[]; next: { created_at: string; id: string } | null }> {
  const { text, values } = overrideListQuery(page);
  const found = await rows<Override>(db, text, values);
  const items = found.slice(0, page.limit);
  const last = items.at(-1);
  const more = found.length > page.limit && last !== undefined;
  return { items, next: more ? { created_at: last.opened_at, id: last.override_id } : null };
}
