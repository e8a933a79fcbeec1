import { sql } from 'drizzle-orm';
import { boolean, index, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { authorship, instant } from './columns.ts';

/** An action that takes two people: asked for by one, granted by another, or typed twice by a single operator. */
export const twoPersonRequests = pgTable(
  'two_person_requests',
  {
    workspace_id: text().notNull(),
    request_id: text().notNull(),
    action: text().notNull(),
    object: text().notNull(),
    reason: text().notNull(),
    requested_at: instant().notNull(),
    expires_at: instant().notNull(),
    granted_at: instant(),
    granted_by: text(),
    /** The caller's workspace, whose posture decides whether the request may wait. */
    asked_in: text().notNull().default('default'),
    refused_at: instant(),
    /** Of a grant that is used later than it is given: when it was. It is used once, and not after `expires_at`. */
    used_at: instant(),
    single_operator: boolean().notNull(),
    ...authorship(),
  },
  (t) => [
    primaryKey({ columns: [t.workspace_id, t.request_id] }),
    index('two_person_pending')
      .on(t.workspace_id, t.action, t.object)
      .where(sql`granted_at IS NULL`),
    index('two_person_grants')
      .on(t.workspace_id, t.action, t.object)
      .where(sql`granted_at IS NOT NULL AND used_at IS NULL`),
  ],
);
