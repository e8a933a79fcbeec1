import { jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import type { IncidentClass } from '../../domain/containment/types.ts';
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
    crossed_at: instant(),
    last_event_at: instant(),
    ...authorship(),
  },
  (t) => [primaryKey({ columns: [t.workspace_id, t.class] })],
);
