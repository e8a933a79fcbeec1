import { sql } from 'drizzle-orm';
import { bigint, index, integer, pgTable, primaryKey, smallint, text } from 'drizzle-orm/pg-core';
import { authorship, instant } from './columns.ts';

/** What should be waiting in Temporal. `over_at` null means: the engine has to run it, or reconcile starts it again. */
export const process = pgTable(
  'process',
  {
    workspace_id: text().notNull(),
    workflow_id: text().notNull(),
    type: text().notNull(),
    subject: text().notNull(),
    severity_rank: smallint().notNull(),
    created_at: instant().notNull(),
    started_at: instant(),
    settled_at: instant(),
    over_at: instant(),
    /** When its histories were stored, or found lost; one that was opened again and closed later is due again. */
    history_at: instant(),
    ...authorship(),
  },
  (t) => [
    primaryKey({ columns: [t.workspace_id, t.workflow_id] }),
    index('process_unstored')
      .on(t.over_at, t.workspace_id, t.workflow_id)
      .where(sql`over_at IS NOT NULL AND (history_at IS NULL OR history_at < over_at)`),
    index('process_unsettled')
      .on(t.severity_rank)
      .where(sql`over_at IS NULL AND started_at IS NOT NULL AND settled_at IS NULL`),
    index('process_due')
      .on(t.severity_rank, t.created_at, t.workflow_id)
      .where(sql`over_at IS NULL`),
  ],
);

/** Pokes: 'this record changed, version n'. The relay deletes a row once the engine has taken the signal. */
export const outbox = pgTable(
  'outbox',
  {
    workspace_id: text().notNull(),
    id: bigint({ mode: 'number' }).generatedAlwaysAsIdentity().primaryKey(),
    workflow_id: text().notNull(),
    type: text().notNull(),
    subject: text().notNull(),
    version: integer().notNull(),
    severity_rank: smallint().notNull(),
    created_at: instant().notNull(),
    ...authorship(),
  },
  (t) => [index('outbox_order').on(t.severity_rank, t.id), index('outbox_workflow').on(t.workspace_id, t.workflow_id)],
);

/** A decision is taken once per aggregate and decision id; a repeat is answered from here. */
export const decisions = pgTable(
  'decisions',
  {
    workspace_id: text().notNull(),
    aggregate: text().notNull(),
    decision_id: text().notNull(),
    kind: text().notNull(),
    request_digest: text().notNull(),
    outcome: text().notNull(),
    /** The DSSE envelope (JSON) by which a registered key proved whose decision it is. */
    envelope: text(),
    at: instant().notNull(),
    ...authorship(),
  },
  (t) => [primaryKey({ columns: [t.workspace_id, t.aggregate, t.decision_id] })],
);
