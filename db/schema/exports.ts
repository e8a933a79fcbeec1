import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  unique,
} from 'drizzle-orm/pg-core';
import type { Basis, GovernanceMode, Leniency } from '../../domain/export/record.ts';
import type { ExportDestination, ExportReason, ExportState, QuorumPart } from '../../domain/export/types.ts';
import { authorship, instant } from './columns.ts';

/** Exports. The database itself holds that none is under way without a grant, nor done without its checks. */
export const exports = pgTable(
  'exports',
  {
    workspace_id: text().notNull(),
    export_id: text().notNull(),
    name: text().notNull(),
    /** Of the bundle; `version` is the record's own. */
    bundle_version: text().notNull(),
    destination: jsonb().$type<ExportDestination>().notNull(),
    /** What the archive is called where it goes. */
    key: text().notNull(),
    retain_until: instant(),
    state: text().$type<ExportState>().notNull(),
    mode: text().$type<GovernanceMode>().notNull(),
    quorum: jsonb().$type<QuorumPart[]>().notNull(),
    /** Of the containment policy that the quorum is from. */
    policy_digest: text().notNull(),
    expires_at: instant().notNull(),
    digest: text(),
    transition_digest: text(),
    /** The RFC 8785 text that came with the request. */
    manifest: text(),
    findings: jsonb().$type<ExportReason[]>().notNull(),
    would_block: jsonb().$type<ExportReason[]>().notNull(),
    reason_code: text().$type<ExportReason>(),
    held: boolean().notNull(),
    /** What stands for the approval. */
    basis: jsonb().$type<Basis>(),
    /** The override that was used. */
    lifted_by: jsonb().$type<NonNullable<Leniency['override']>>(),
    granted_at: instant(),
    /** The envelope, byte for byte, and its hex digest. */
    statement: text(),
    statement_digest: text(),
    handle: text(),
    received: bigint({ mode: 'number' }).notNull(),
    archive_sha256: text(),
    integrity_checked_at: instant(),
    airlock_checked_at: instant(),
    /** The first time that it was about to get its name. */
    commit_opened_at: instant(),
    /** What the generations of the airlock came to then. */
    commit_generation: bigint({ mode: 'number' }),
    closed_during_commit: boolean().notNull(),
    attempts: integer().notNull(),
    next_attempt_at: instant(),
    failure: text(),
    reason: text().notNull(),
    ticket: text(),
    /** Why it was rejected or cancelled, and by whom. */
    ended_by: text(),
    ended_reason: text(),
    created_at: instant().notNull(),
    /** Since when people are waited for. */
    pending_since: instant(),
    last_nudge_at: instant(),
    finished_at: instant(),
    version: integer().notNull(),
    ...authorship(),
  },
  (t) => [
    primaryKey({ columns: [t.workspace_id, t.export_id] }),
    unique('exports_requester').on(t.workspace_id, t.export_id, t.actor),
    index('exports_list').on(t.workspace_id, t.created_at, t.export_id),
    index('exports_by_state').on(t.workspace_id, t.state, t.created_at, t.export_id),
    index('exports_by_bundle').on(t.workspace_id, t.name, t.created_at, t.export_id),
    index('exports_by_reason')
      .on(t.workspace_id, t.reason_code, t.created_at, t.export_id)
      .where(sql`reason_code IS NOT NULL`),
    index('exports_held')
      .on(t.workspace_id, t.reason_code)
      .where(sql`held`),
    check(
      'exports_state',
      sql`${t.state} IN ('requested', 'preflight', 'pending_approval', 'approved', 'waived', 'overridden', 'exporting', 'exported',
        'rejected', 'expired', 'blocked', 'failed', 'cancelled')`,
    ),
    check('exports_mode', sql`${t.mode} IN ('enforce', 'advisory')`),
    check(
      'exports_over',
      sql`(${t.state} IN ('exported', 'rejected', 'expired', 'failed', 'cancelled') OR (${t.state} = 'blocked' AND NOT ${t.held}))
        = (${t.finished_at} IS NOT NULL)`,
    ),
    check('exports_held', sql`NOT ${t.held} OR ${t.state} = 'blocked'`),
    check('exports_blocked', sql`${t.state} <> 'blocked' OR ${t.reason_code} IS NOT NULL`),
    check(
      'exports_granted',
      sql`${t.state} NOT IN ('approved', 'waived', 'overridden', 'exporting', 'exported') OR coalesce(${t.granted_at} IS NOT NULL
        AND ${t.digest} IS NOT NULL AND CASE ${t.basis} ->> 'kind'
          WHEN 'approval' THEN jsonb_array_length(${t.basis} -> 'approvals') > 0
          WHEN 'waiver' THEN length(${t.basis} ->> 'waiver_id') > 0
          WHEN 'advisory' THEN ${t.mode} = 'advisory'
          ELSE false END, false)`,
    ),
    check(
      'exports_checked',
      sql`${t.state} <> 'exported' OR (${t.integrity_checked_at} IS NOT NULL AND ${t.airlock_checked_at} IS NOT NULL
        AND ${t.airlock_checked_at} >= ${t.integrity_checked_at} AND ${t.archive_sha256} IS NOT NULL AND ${t.statement_digest} IS NOT NULL)`,
    ),
    check('exports_digest', sql`${t.digest} ~ '^[0-9a-f]{64}$' AND ${t.archive_sha256} ~ '^[0-9a-f]{64}$'`),
  ],
);

/** Who said yes, each person once; never the requester, but where one person is all there is. */
export const exportApprovals = pgTable(
  'export_approvals',
  {
    workspace_id: text().notNull(),
    export_id: text().notNull(),
    requested_by: text().notNull(),
    /** The one that it counts for. */
    role: text().notNull(),
    at: instant().notNull(),
    not_after: instant().notNull(),
    /** Hex leaf hash of its entry in the log. */
    entry: text().notNull(),
    single_operator: boolean().notNull(),
    ...authorship(),
  },
  (t) => [
    primaryKey({ columns: [t.workspace_id, t.export_id, t.actor] }),
    foreignKey({
      columns: [t.workspace_id, t.export_id, t.requested_by],
      foreignColumns: [exports.workspace_id, exports.export_id, exports.actor],
      name: 'export_approvals_export',
    }),
    check('export_approvals_others', sql`${t.single_operator} OR ${t.actor} <> ${t.requested_by}`),
  ],
);
