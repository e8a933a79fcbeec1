import { canonicalJson } from '../../domain/canonical/json.ts';
import { isOver, stepOf } from '../../domain/export/record.ts';
import type { Export } from '../../domain/export/record.ts';
import type { Yes } from '../../domain/export/quorum.ts';
import { one, rows } from '../client.ts';
import type { Queryable } from '../client.ts';
import type { exports as table } from '../schema/exports.ts';
import type { Tx } from '../transaction.ts';
import { leafHash, writeEntries } from './ledger.ts';
import type { EntryDraft } from './ledger.ts';
import { addNotifications } from './notifications.ts';
import { endStanding } from './standing-processes.ts';

export type ExportRow = typeof table.$inferSelect;

export interface ExportKey {
  workspace_id: string;
  export_id: string;
}

export interface LockedExport {
  row: ExportRow;
  export: Export;
  now: string;
}

export const approvalsOf = (db: Queryable, of: ExportKey): Promise<Yes[]> =>
  rows<Yes>(
    db,
    `SELECT actor, role, at, not_after, entry, single_operator FROM export_approvals
      WHERE workspace_id = $1 AND export_id = $2 ORDER BY at, actor`,
    [of.workspace_id, of.export_id],
  );

/** The part of a row that the course of an export is judged by. */
export const exportOf = (row: ExportRow, approvals: Yes[]): Export => ({
  state: row.state,
  mode: row.mode,
  requested_by: row.actor,
  quorum: row.quorum,
  expires_at: row.expires_at,
  digest: row.digest,
  transition_digest: row.transition_digest,
  findings: row.findings,
  would_block: row.would_block,
  reason_code: row.reason_code,
  approvals,
  grant: row.basis,
  override: row.lifted_by,
  held: row.held,
  statement_digest: row.statement_digest,
  handle: row.handle,
  received: row.received,
  archive_sha256: row.archive_sha256,
  integrity_checked_at: row.integrity_checked_at,
  airlock_checked_at: row.airlock_checked_at,
  closed_during_commit: row.closed_during_commit,
  attempts: row.attempts,
  next_attempt_at: row.next_attempt_at,
  failure: row.failure,
});

/** The row of an export, held until the transaction ends, and the database's clock. */
export async function lockExport(tx: Tx, of: ExportKey): Promise<LockedExport | undefined> {
  const found = await one<ExportRow & { now: string }>(
    tx,
    `SELECT *, date_trunc('milliseconds', clock_timestamp()) AS now FROM exports
      WHERE workspace_id = $1 AND export_id = $2 FOR UPDATE`,
    [of.workspace_id, of.export_id],
  );
  if (found === undefined) return undefined;
  const { now, ...row } = found;
  return { row, export: exportOf(row, await approvalsOf(tx, of)), now };
}

/** What a change says besides: who made it, under which word it is on the ledger, and what else becomes of the row. */
export interface ExportChange {
  by: { actor: string; on_behalf_of: string | null };
  /** Null: no entry but for a new state. */
  action: string | null;
  detail?: Record<string, unknown>;
  row?: Partial<
    Pick<
      ExportRow,
      | 'statement'
      | 'manifest'
      | 'commit_generation'
      | 'commit_opened_at'
      | 'ended_by'
      | 'ended_reason'
      | 'last_nudge_at'
    >
  >;
  alert?: string;
}

/** Writes what became of a locked export: its row, its entry, an alert, and the end of its process when nothing is left to do. */
export async function writeExport(
  tx: Tx,
  { row, export: before, now }: LockedExport,
  after: Export,
  { by, action, detail = {}, row: also = {}, alert }: ExportChange,
): Promise<void> {
  const next: ExportRow = {
    ...row,
    ...also,
    ...columnsOf(after),
    granted_at: row.granted_at ?? (after.grant === null ? null : now),
    pending_since: row.pending_since ?? (after.state === 'pending_approval' ? now : null),
    finished_at: row.finished_at ?? (isOver(after) ? now : null),
    version: row.version + 1,
  };
  await update(tx, next);
  // That it began, and not only that it is under way: its statement rests on that entry.
  const moved = before.state !== after.state && after.state !== 'exporting';
  const said = moved ? `export_${after.state}` : action;
  if (said !== null) await writeEntries(tx, [entryOf(next, { by, now, action: said, detail })]);
  if (alert !== undefined) await addNotifications(tx, [alertOf(next, by, alert, now)]);
  if (!isOver(after) || stepOf(after) !== null) return;
  const { workspace_id, export_id } = row;
  await endStanding(tx, { workspace_id, type: 'exportApproval', subject: export_id }, now);
}

const columnsOf = (x: Export) => ({
  state: x.state,
  digest: x.digest,
  transition_digest: x.transition_digest,
  findings: x.findings,
  would_block: x.would_block,
  reason_code: x.reason_code,
  held: x.held,
  basis: x.grant,
  lifted_by: x.override,
  statement_digest: x.statement_digest,
  handle: x.handle,
  received: x.received,
  archive_sha256: x.archive_sha256,
  integrity_checked_at: x.integrity_checked_at,
  airlock_checked_at: x.airlock_checked_at,
  closed_during_commit: x.closed_during_commit,
  attempts: x.attempts,
  next_attempt_at: x.next_attempt_at,
  failure: x.failure,
});

const CHANGING = [
  'state',
  'digest',
  'transition_digest',
  'findings',
  'would_block',
  'reason_code',
  'held',
  'basis',
  'lifted_by',
  'granted_at',
  'manifest',
  'statement',
  'statement_digest',
  'handle',
  'received',
  'archive_sha256',
  'integrity_checked_at',
  'airlock_checked_at',
  'commit_opened_at',
  'commit_generation',
  'closed_during_commit',
  'attempts',
  'next_attempt_at',
  'failure',
  'ended_by',
  'ended_reason',
  'pending_since',
  'last_nudge_at',
  'finished_at',
  'version',
] as const satisfies (keyof ExportRow)[];
const JSON_COLUMNS: readonly string[] = ['findings', 'would_block', 'basis', 'lifted_by'];
const UPDATE = `UPDATE exports SET ${CHANGING.map((name, i) => `${name} = $${i + 3}`).join(', ')}
  WHERE workspace_id = $1 AND export_id = $2`;

// The driver writes a list as an array of the database, not as JSON.
const valueOf = (row: ExportRow, name: (typeof CHANGING)[number]): unknown =>
  JSON_COLUMNS.includes(name) && row[name] !== null ? JSON.stringify(row[name]) : row[name];

const update = (tx: Tx, row: ExportRow) =>
  tx.query({
    name: 'export-update',
    text: UPDATE,
    values: [row.workspace_id, row.export_id, ...CHANGING.map((name) => valueOf(row, name))],
  });

/** An entry about an export; free text stays in the record. */
export const entryOf = (
  row: Pick<
    ExportRow,
    | 'workspace_id'
    | 'export_id'
    | 'name'
    | 'bundle_version'
    | 'digest'
    | 'state'
    | 'reason_code'
    | 'mode'
    | 'version'
    | 'policy_digest'
  >,
  { by, now, action, detail }: { by: ExportChange['by']; now: string; action: string; detail: Record<string, unknown> },
): EntryDraft => ({
  workspace_id: row.workspace_id,
  at: now,
  actor: by.actor,
  on_behalf_of: by.on_behalf_of,
  action,
  object: `export/${row.export_id}`,
  record_hash: null,
  record_version: row.version,
  detail: {
    bundle: row.name,
    version: row.bundle_version,
    digest: row.digest,
    mode: row.mode,
    state: row.state,
    reason_code: row.reason_code,
    ...detail,
  },
  policy_digest: row.policy_digest,
});

/** Hex: what an entry is found by in the log. */
export const entryHash = (draft: EntryDraft): string => leafHash(canonicalJson(draft)).toString('hex');

const alertOf = (row: ExportRow, by: ExportChange['by'], message: string, created_at: string) => ({
  workspace_id: row.workspace_id,
  actor: by.actor,
  on_behalf_of: by.on_behalf_of,
  kind: 'alert' as const,
  incident_id: null,
  severity: 'high',
  message: `export ${row.export_id} of ${row.name} ${row.bundle_version} ${message}`,
  created_at,
});
