import { integer, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import type { IncidentClass, Severity } from '../../domain/containment/types.ts';
import type { WindowEvent } from '../../domain/containment/escalation.ts';
import { authorship, instant } from './columns.ts';

/** The lock of intake, one row per workspace and class, with the last N−1 events of the class. */
export const escalationWindows = pgTable(
  'escalation_windows',
  {
    workspace_id: text().notNull(),
    class: text().$type<IncidentClass>().notNull(),
    events: jsonb().$type<WindowEvent[]>().notNull(),
    crossing_incident: text(),
    /** The open escalation, by the incident that opened it, and the crossings since then. */
    escalation: text(),
    crossings: integer().notNull().default(0),
    crossed_at: instant(),
    last_event_at: instant(),
    ...authorship(),
  },
  (t) => [primaryKey({ columns: [t.workspace_id, t.class] })],
);

/** The follow-through of crossings: one row per incident that opened one; its latest, should it have opened several. */
export const escalations = pgTable(
  'escalations',
  {
    workspace_id: text().notNull(),
    escalation: text().notNull(),
    class: text().$type<IncidentClass>().notNull(),
    severity: text().$type<Severity>().notNull(),
    window_seconds: integer().notNull(),
    opened_at: instant().notNull(),
    alerted_at: instant(),
    reminded_at: instant(),
    closed_at: instant(),
    policy_digest: text().notNull(),
    version: integer().notNull(),
    ...authorship(),
  },
  (t) => [primaryKey({ columns: [t.workspace_id, t.escalation] })],
);

/** The incidents that an escalation raised, and those that crossed. */
export const escalationMembers = pgTable(
  'escalation_members',
  {
    workspace_id: text().notNull(),
    escalation: text().notNull(),
    incident_id: text().notNull(),
    joined_at: instant().notNull(),
    ...authorship(),
  },
  (t) => [primaryKey({ columns: [t.workspace_id, t.escalation, t.incident_id] })],
);
