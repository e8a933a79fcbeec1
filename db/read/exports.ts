import type { ExportReason, ExportState } from '../../domain/export/types.ts';
import type { Yes } from '../../domain/export/quorum.ts';
import { one, rows } from '../client.ts';
import type { Queryable } from '../client.ts';
import type { exports as table } from '../schema/exports.ts';
import type { Page } from './list-incidents.ts';

/** An export without what only its process needs. */
export type ExportRecord = Omit<
  typeof table.$inferSelect,
  'manifest' | 'statement' | 'handle' | 'commit_opened_at' | 'commit_generation'
>;

const COLUMNS = `workspace_id, export_id, name, bundle_version, destination, key, retain_until, state, mode, quorum, policy_digest,
  expires_at, digest, transition_digest, findings, would_block, reason_code, held, basis, lifted_by, granted_at, statement_digest,
  received, archive_sha256, integrity_checked_at, airlock_checked_at, closed_during_commit, attempts, next_attempt_at, failure,
  reason, ticket, ended_by, ended_reason, created_at, pending_since, last_nudge_at, finished_at, version, actor, on_behalf_of`;

/** The last export of a page; the next page starts behind it. */
export interface ExportPosition {
  created_at: string;
  id: string;
}

export interface ExportPage {
  workspace_id: string;
  limit: number;
  state?: ExportState;
  /** The name of the bundle. */
  name?: string;
  reason_code?: ExportReason;
  after?: ExportPosition;
}

/**
 * The statement of `listExports`. One filter is walked in the order of its index, which is asked for as a range: of a plain
 * comparison the planner knows that it orders nothing, and may walk all exports instead. The others only leave out.
 */
export function exportListQuery({ workspace_id, limit, state, name, reason_code, after }: ExportPage) {
  const values: unknown[] = [workspace_id, limit + 1];
  const param = (value: unknown) => `$${values.push(value)}`;
  const given = Object.entries({ name, reason_code, state }).filter(([, value]) => value !== undefined);
  const [walked, ...others] = given;
  const filters = others.map(([column, value]) => `AND ${column} = ${param(value)}`);
  const before = after === undefined ? [] : [after.created_at, after.id];
  if (walked === undefined) {
    if (before.length > 0) filters.push(`AND (created_at, export_id) < (${before.map(param).join(', ')})`);
  } else {
    const [column, value] = walked;
    const word = param(value);
    filters.push(`AND ${column} >= ${word} AND ${column} <= ${word}`);
    if (before.length > 0)
      filters.push(`AND (${column}, created_at, export_id) < (${[word, ...before.map(param)].join(', ')})`);
  }
  const order = walked === undefined ? '' : `${walked[0]} DESC, `;
  const text = `SELECT ${COLUMNS} FROM exports WHERE workspace_id = $1 ${filters.join(' ')}
    ORDER BY ${order}created_at DESC, export_id DESC LIMIT $2`;
  return { text, values };
}

/** Exports of a workspace, newest first. */
export async function listExports(db: Queryable, page: ExportPage): Promise<Page<ExportRecord, ExportPosition>> {
  const { text, values } = exportListQuery(page);
  const found = await rows<ExportRecord>(db, text, values);
  const items = found.slice(0, page.limit);
  const last = items.at(-1);
  const more = found.length > page.limit && last !== undefined;
  return { items, next: more ? { created_at: last.created_at, id: last.export_id } : null };
}

export interface ExportWithApprovals extends ExportRecord {
  approvals: Yes[];
}

/** An export and who approved it. Undefined: there is none of this id in the workspace. */
export async function getExport(
  db: Queryable,
  workspace_id: string,
  export_id: string,
): Promise<ExportWithApprovals | undefined> {
  const key = [workspace_id, export_id];
  const record = await one<ExportRecord>(
    db,
    `SELECT ${COLUMNS} FROM exports WHERE workspace_id = $1 AND export_id = $2`,
    key,
  );
  if (record === undefined) return undefined;
  const approvals = await rows<Yes>(
    db,
    `SELECT actor, role, at, not_after, entry, single_operator FROM export_approvals
      WHERE workspace_id = $1 AND export_id = $2 ORDER BY at, actor`,
    key,
  );
  return { ...record, approvals };
}

/** Counted up to so many: `status` says that people are waited for, not for how much. */
export const PENDING_COUNTED = 1_000;

/** How many exports of a workspace wait for an approver. */
export async function pendingExports(db: Queryable, workspace_id: string): Promise<number> {
  const row = await one<{ n: number }>(
    db,
    `SELECT count(*)::int4 AS n FROM (SELECT 1 FROM exports WHERE workspace_id = $1 AND state = 'pending_approval'
      LIMIT ${PENDING_COUNTED}) AS waiting`,
    [workspace_id],
  );
  return row?.n ?? 0;
}
