import { sql } from 'drizzle-orm';
import { bigint, boolean, index, integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import type { Action, Gate } from '../../domain/containment/types.ts';
import { authorship, instant } from './columns.ts';

/** What closes a gate. A hold is released, never deleted; `released_at` null means it stands. */
export const holds = pgTable(
  'holds',
  {
    workspace_id: text().notNull(),
    hold_id: text().notNull(),
    gate: text().$type<Gate>().notNull(),
    target: text().notNull(),
    action: text().$type<Action>().notNull(),
    incident_id: text(),
    kill_id: text(),
    drill_id: text(),
    reason: text().notNull(),
    generation: bigint({ mode: 'number' }).notNull(),
    placed_at: instant().notNull(),
    released_at: instant(),
    released_by: text(),
    release_reason: text(),
    /** A quarantine whose model was verified or removed ends with its incident; until then it is only granted. */
    release_granted_at: instant(),
    release_granted_by: text(),
    /** Some adapter has yet to acknowledge it: the incident's action is pending or failed. */
    awaited: boolean().notNull().default(false),
    /** Released, and some adapter has yet to acknowledge that: the incident's process stays until then. */
    restoring: boolean().notNull().default(false),
    ...authorship(),
  },
  (t) => [
    primaryKey({ columns: [t.workspace_id, t.hold_id] }),
    index('holds_standing')
      .on(t.workspace_id, t.gate, t.target, t.placed_at, t.hold_id)
      .where(sql`released_at IS NULL`),
    index('holds_incident').on(t.workspace_id, t.incident_id),
    index('holds_awaited')
      .on(t.workspace_id, t.gate, t.target, t.generation)
      .where(sql`awaited`),
    index('holds_restoring')
      .on(t.workspace_id, t.gate, t.target)
      .where(sql`restoring`),
  ],
);

/** One row per gate and target ever held: the generation adapters compare, and how many holds stand. */
export const gateStates = pgTable(
  'gate_states',
  {
    workspace_id: text().notNull(),
    gate: text().$type<Gate>().notNull(),
    target: text().notNull(),
    generation: bigint({ mode: 'number' }).notNull(),
    standing: integer().notNull(),
    changed_at: instant().notNull(),
    ...authorship(),
  },
  (t) => [primaryKey({ columns: [t.workspace_id, t.gate, t.target] })],
);
