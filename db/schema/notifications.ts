import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  index,
  integer,
  pgTable,
  primaryKey,
  smallint,
  text,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import { authorship, instant } from './columns.ts';
import type { Severity } from '../../domain/containment/types.ts';
import type { DeliveryState } from '../../domain/hook/delivery.ts';

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
    /** Whether it has its deliveries, one per hook that asks for such. */
    fanned_out: boolean().notNull().default(false),
    ...authorship(),
  },
  (t) => [
    index('notifications_open')
      .on(t.workspace_id, t.id)
      .where(sql`seen_at IS NULL`),
    index('notifications_incident')
      .on(t.workspace_id, t.incident_id, t.id)
      .where(sql`incident_id IS NOT NULL`),
    index('notifications_unfanned')
      .on(t.id)
      .where(sql`NOT fanned_out`),
  ],
);

/** What goes out to a hook: sent until it is taken, or dead until an operator has it sent again. */
export const deliveries = pgTable(
  'deliveries',
  {
    workspace_id: text().notNull(),
    delivery_id: text().notNull(),
    hook: text().notNull(),
    notification_id: bigint({ mode: 'number' }).notNull(),
    severity_rank: smallint().notNull(),
    /** What is sent, byte for byte. */
    body: text().notNull(),
    state: text().$type<DeliveryState>().notNull(),
    attempts: integer().notNull(),
    next_attempt_at: instant(),
    last_error: text(),
    created_at: instant().notNull(),
    settled_at: instant(),
    ...authorship(),
  },
  (t) => [
    primaryKey({ columns: [t.workspace_id, t.delivery_id] }),
    uniqueIndex('deliveries_once').on(t.workspace_id, t.notification_id, t.hook),
    index('deliveries_listed').on(t.workspace_id, t.created_at, t.delivery_id),
    index('deliveries_by_state').on(t.workspace_id, t.state, t.created_at, t.delivery_id),
    index('deliveries_settled')
      .on(t.settled_at)
      .where(sql`settled_at IS NOT NULL`),
    check('deliveries_state', sql`${t.state} IN ('pending', 'delivered', 'dead')`),
  ],
);
