import { sql } from 'drizzle-orm';
import { check, integer, pgTable, text } from 'drizzle-orm/pg-core';
import { authorship, instant } from './columns.ts';

/** Canonical policies by digest, never deleted: an incident names the one it was judged by. */
export const policies = pgTable('policies', {
  workspace_id: text().notNull(),
  digest: text().primaryKey(),
  kind: text().notNull(),
  body: text().notNull(),
  created_at: instant().notNull(),
  ...authorship(),
});

/** The policy in force per kind, for the whole instance. */
export const activePolicies = pgTable(
  'active_policies',
  {
    workspace_id: text().notNull(),
    kind: text().primaryKey(),
    digest: text()
      .notNull()
      .references(() => policies.digest),
    version: integer().notNull(),
    activated_at: instant().notNull(),
    ...authorship(),
  },
  (t) => [check('active_policies_instance', sql`${t.workspace_id} = 'system'`)],
);
