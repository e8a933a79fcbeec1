import { sql } from 'drizzle-orm';
import {
  boolean,
  check,
  foreignKey,
  index,
  integer,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import type { OverrideEnd } from '../../domain/export/override.ts';
import { authorship, instant } from './columns.ts';

/** A person's signed waiver; `actor` is whose key signed it. Nothing of it changes but that it is revoked, once. */
export const governanceWaivers = pgTable(
  'governance_waivers',
  {
    workspace_id: text().notNull(),
    waiver_id: text().notNull(),
    /** Hex, of the envelope. */
    digest: text().notNull(),
    bundle_name: text().notNull(),
    bundle_version: text().notNull(),
    /** `sha256:…` */
    bundle_digest: text().notNull(),
    transition_digest: text().notNull(),
    scope: text().notNull(),
    license_digest: text().notNull(),
    role: text().notNull(),
    identity: text().notNull(),
    key_id: text().notNull(),
    /** JSON of the DSSE envelope: the justification stands here and in no entry. */
    envelope: text().notNull(),
    waived_at: instant().notNull(),
    not_after: instant().notNull(),
    revoked_at: instant(),
    revoked_by: text(),
    revoke_reason: text(),
    ...authorship(),
  },
  (t) => [
    primaryKey({ columns: [t.workspace_id, t.waiver_id] }),
    uniqueIndex('governance_waivers_digest').on(t.workspace_id, t.digest),
    index('governance_waivers_standing')
      .on(t.workspace_id, t.bundle_digest, t.transition_digest, t.not_after)
      .where(sql`revoked_at IS NULL`),
    index('governance_waivers_list').on(t.workspace_id, t.waived_at, t.waiver_id),
    index('governance_waivers_of_bundle').on(t.workspace_id, t.bundle_digest, t.waived_at, t.waiver_id),
    check('governance_waivers_scope', sql`${t.scope} = 'export_unapproved'`),
    check(
      'governance_waivers_digests',
      sql`${t.digest} ~ '^[0-9a-f]{64}$' AND ${t.bundle_digest} ~ '^sha256:[0-9a-f]{64}$'`,
    ),
    check(
      'governance_waivers_week',
      sql`${t.not_after} > ${t.waived_at} AND ${t.not_after} <= ${t.waived_at} + interval '7 days'`,
    ),
    check(
      'governance_waivers_revoked',
      sql`(${t.revoked_at} IS NULL) = (${t.revoked_by} IS NULL) AND (${t.revoked_at} IS NULL) = (${t.revoke_reason} IS NULL)`,
    ),
  ],
);

/** The ledger of a bundle, line by line as it stands in the bundle's folder. Only ever added to. */
export const governanceLines = pgTable(
  'governance_lines',
  {
    workspace_id: text().notNull(),
    /** `sha256:…` */
    bundle_digest: text().notNull(),
    seq: integer().notNull(),
    waiver_id: text().notNull(),
    event: text().$type<'waived' | 'revoked'>().notNull(),
    prev_hash: text().notNull(),
    hash: text().notNull(),
    /** RFC 8785 text. */
    line: text().notNull(),
    at: instant().notNull(),
    ...authorship(),
  },
  (t) => [
    primaryKey({ columns: [t.workspace_id, t.bundle_digest, t.seq] }),
    uniqueIndex('governance_lines_event').on(t.workspace_id, t.waiver_id, t.event),
    foreignKey({
      columns: [t.workspace_id, t.waiver_id],
      foreignColumns: [governanceWaivers.workspace_id, governanceWaivers.waiver_id],
      name: 'governance_lines_waiver',
    }),
    check('governance_lines_event', sql`${t.event} IN ('waived', 'revoked')`),
    check('governance_lines_first', sql`${t.seq} >= 1 AND (${t.seq} = 1) = (${t.prev_hash} = repeat('0', 64))`),
    check('governance_lines_hash', sql`${t.hash} ~ '^[0-9a-f]{64}$'`),
  ],
);

/** The one override of a workspace that stands, and those before it. The database itself holds that it ends and is spent once. */
export const exportOverrides = pgTable(
  'export_overrides',
  {
    workspace_id: text().notNull(),
    override_id: text().notNull(),
    ticket: text().notNull(),
    reason: text().notNull(),
    opened_at: instant().notNull(),
    not_after: instant().notNull(),
    ended_at: instant(),
    end_reason: text().$type<OverrideEnd>(),
    ended_by: text(),
    /** The export that used it. */
    spent_by: text(),
    review_due: instant().notNull(),
    reviewed_at: instant(),
    reviewed_by: text(),
    review_note: text(),
    /** The one person there was reviewed what they had opened. */
    single_operator: boolean().notNull().default(false),
    ...authorship(),
  },
  (t) => [
    primaryKey({ columns: [t.workspace_id, t.override_id] }),
    uniqueIndex('export_overrides_standing')
      .on(t.workspace_id)
      .where(sql`ended_at IS NULL`),
    uniqueIndex('export_overrides_spent_by').on(t.workspace_id, t.spent_by),
    index('export_overrides_list').on(t.workspace_id, t.opened_at, t.override_id),
    index('export_overrides_unreviewed')
      .on(t.workspace_id, t.review_due, t.override_id)
      .where(sql`reviewed_at IS NULL`),
    check(
      'export_overrides_hour',
      sql`${t.not_after} > ${t.opened_at} AND ${t.not_after} <= ${t.opened_at} + interval '60 minutes'`,
    ),
    check('export_overrides_end', sql`${t.end_reason} IN ('spent', 'cleared', 'expired')`),
    check(
      'export_overrides_ended',
      sql`(${t.ended_at} IS NULL) = (${t.end_reason} IS NULL) AND (${t.ended_at} IS NULL) = (${t.ended_by} IS NULL)`,
    ),
    check('export_overrides_spent', sql`(${t.spent_by} IS NOT NULL) = (${t.end_reason} IS NOT DISTINCT FROM 'spent')`),
    check(
      'export_overrides_reviewed',
      sql`(${t.reviewed_at} IS NULL) = (${t.reviewed_by} IS NULL) AND (${t.reviewed_at} IS NULL) = (${t.review_note} IS NULL)`,
    ),
    check('export_overrides_second_person', sql`${t.reviewed_by} <> ${t.actor} OR ${t.single_operator}`),
  ],
);
