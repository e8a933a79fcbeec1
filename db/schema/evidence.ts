import { sql } from 'drizzle-orm';
import { bigint, check, index, integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { authorship, instant } from './columns.ts';

/** Every run of a process that closed: its history as a blob, or that the engine lost it. Written once. */
export const processHistories = pgTable(
  'process_histories',
  {
    workspace_id: text().notNull(),
    workflow_id: text().notNull(),
    /** `unknown` where the engine lost the workflow itself. */
    run_id: text().notNull(),
    type: text().notNull(),
    /** Of a process that waited for an incident, or for the escalation that it opened. */
    incident_id: text(),
    /** How the run ended, as the engine says it. */
    status: text(),
    /** Hex SHA-256; names the blob. */
    digest: text(),
    bytes: bigint({ mode: 'number' }),
    stored_at: instant(),
    lost_at: instant(),
    ...authorship(),
  },
  (t) => [
    primaryKey({ columns: [t.workspace_id, t.workflow_id, t.run_id] }),
    index('process_histories_incident')
      .on(t.workspace_id, t.incident_id, t.workflow_id, t.run_id)
      .where(sql`incident_id IS NOT NULL`),
    check('process_histories_digest', sql`${t.digest} ~ '^[0-9a-f]{64}$'`),
    check(
      'process_histories_end',
      sql`(${t.stored_at} IS NULL) <> (${t.lost_at} IS NULL) AND (${t.stored_at} IS NULL) = (${t.digest} IS NULL) AND (${t.digest} IS NULL) = (${t.bytes} IS NULL)`,
    ),
  ],
);

/** Who took the evidence of an incident, and which: the digest is that of the archive's manifest. */
export const evidenceCollections = pgTable(
  'evidence_collections',
  {
    workspace_id: text().notNull(),
    evidence_id: text().notNull(),
    incident_id: text().notNull(),
    manifest_digest: text().notNull(),
    files: integer().notNull(),
    bytes: bigint({ mode: 'number' }).notNull(),
    absent: integer().notNull(),
    collected_at: instant().notNull(),
    ...authorship(),
  },
  (t) => [
    primaryKey({ columns: [t.workspace_id, t.evidence_id] }),
    index('evidence_collections_incident').on(t.workspace_id, t.incident_id, t.collected_at, t.evidence_id),
    check('evidence_collections_digest', sql`${t.manifest_digest} ~ '^[0-9a-f]{64}$'`),
  ],
);
