import { sql } from 'drizzle-orm';
import { bigint, index, pgTable, text } from 'drizzle-orm/pg-core';
import { authorship, instant } from './columns.ts';
import type { Severity } from '../../domain/containment/types.ts';

/** Operator alerts, reminders and pages, open until someone has seen them. */
export const notifications = pgTable(
  'notifications',
  {
    workspace_id: text().notNull(),
    id: bigint({ mode: 'number' }).generatedAlwaysAsIdentity().primaryKey(),
    kind: text().$type<'alert' | 'reminder' | 'page'>().notNull(),
    incident_id: text(),
    severity: text().$type<Severity>().notNull(),
    message: text().notNull(),
    created_at: instant().notNull(),
    seen_at: instant(),
    seen_by: text(),
    ...authorship(),
  },
  (t) => [
    index('notifications_open')
      .on(t.workspace_id, t.id)
      .where(sql`seen_at IS NULL`),
    index('notifications_incident')
      .on(t.workspace_id, t.incident_id, t.id)
      .where(sql`incident_id IS NOT NULL`),
  ],
);
