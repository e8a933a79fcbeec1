import { bigint, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import type { IncidentClass, Severity } from '../../domain/containment/types.ts';
import type { IncidentState } from '../../domain/incident/types.ts';
import { authorship } from './columns.ts';

/** Counts are rows, never `count(*)`: a list of a million incidents is counted as fast as a list of ten. */
export const incidentCounters = pgTable(
  'incident_counters',
  {
    workspace_id: text().notNull(),
    class: text().$type<IncidentClass>().notNull(),
    severity: text().$type<Severity>().notNull(),
    state: text().$type<IncidentState>().notNull(),
    n: bigint({ mode: 'number' }).notNull(),
    ...authorship(),
  },
  (t) => [primaryKey({ columns: [t.workspace_id, t.class, t.severity, t.state] })],
);

/** Named totals of a workspace: `contained_ever`, `recovery_pending`, `notifications_open`. */
export const tallies = pgTable(
  'tallies',
  {
    workspace_id: text().notNull(),
    name: text().notNull(),
    n: bigint({ mode: 'number' }).notNull(),
    ...authorship(),
  },
  (t) => [primaryKey({ columns: [t.workspace_id, t.name] })],
);
