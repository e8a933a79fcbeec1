import { sql } from 'drizzle-orm';
import { boolean, check, index, integer, jsonb, pgTable, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core';
import type { RotationRow, Step } from '../../domain/rotation/plan.ts';
import type { RotationState } from '../../domain/rotation/transition.ts';
import { authorship, instant } from './columns.ts';

/** Rotations of credentials and keys. The database itself holds that none is complete without both proofs. */
export const rotations = pgTable(
  'rotations',
  {
    workspace_id: text().notNull(),
    rotation_id: text().notNull(),
    row: text().$type<RotationRow>().notNull(),
    /** Which one of its row: the name of an upstream, an adapter or a slot; '' where there is only one. */
    subject: text().notNull(),
    state: text().$type<RotationState>().notNull(),
    step: text().$type<Step>(),
    dry_run: boolean().notNull(),
    overlap_seconds: integer().notNull(),
    compromised: boolean().notNull(),
    overlap_until: instant(),
    staged_at: instant(),
    cut_over_at: instant(),
    new_proved_at: instant(),
    old_proved_at: instant(),
    attempts: integer().notNull(),
    next_attempt_at: instant(),
    failed_step: text().$type<Step>(),
    failure: text(),
    reason: text().notNull(),
    ticket: text(),
    created_at: instant().notNull(),
    finished_at: instant(),
    /** What its strategy has to find again: names, versions and digests, never a value. */
    memory: jsonb().$type<Record<string, string | number>>().notNull(),
    version: integer().notNull(),
    ...authorship(),
  },
  (t) => [
    primaryKey({ columns: [t.workspace_id, t.rotation_id] }),
    uniqueIndex('rotations_running')
      .on(t.workspace_id, t.row, t.subject)
      .where(sql`finished_at IS NULL`),
    index('rotations_list').on(t.workspace_id, t.created_at, t.rotation_id),
    check('rotations_state', sql`${t.state} IN ('running', 'undoing', 'completed', 'undone', 'failed')`),
    check('rotations_over', sql`(${t.state} IN ('running', 'undoing')) = (${t.finished_at} IS NULL)`),
    check(
      'rotations_proved',
      sql`${t.state} <> 'completed' OR ${t.dry_run} OR (${t.new_proved_at} IS NOT NULL AND ${t.old_proved_at} IS NOT NULL)`,
    ),
  ],
);

/** What each step came to, with what shows it. */
export const rotationSteps = pgTable(
  'rotation_steps',
  {
    workspace_id: text().notNull(),
    rotation_id: text().notNull(),
    /** The record's version after it. */
    version: integer().notNull(),
    step: text().$type<Step>().notNull(),
    /** Whether the step was being undone. */
    undo: boolean().notNull(),
    outcome: text().$type<'done' | 'more' | 'failed' | 'abandoned'>().notNull(),
    code: text(),
    evidence: jsonb().$type<Record<string, unknown>>().notNull(),
    at: instant().notNull(),
    ...authorship(),
  },
  (t) => [primaryKey({ columns: [t.workspace_id, t.rotation_id, t.version] })],
);

/** How often something is rotated. A worker opens what is due; why it could not is kept until it can. */
export const rotationSchedules = pgTable(
  'rotation_schedules',
  {
    workspace_id: text().notNull(),
    schedule_id: text().notNull(),
    row: text().$type<RotationRow>().notNull(),
    subject: text().notNull(),
    /** The cryptoperiod, from one opening to the next. */
    every_days: integer().notNull(),
    overlap_seconds: integer().notNull(),
    next_due_at: instant().notNull(),
    /** When a worker looks at it: when it is due, and later where it could not be opened then. */
    look_at: instant().notNull(),
    last_rotation_id: text(),
    /** Why what is due could not be opened, and since when. */
    failure: text(),
    failing_since: instant(),
    created_at: instant().notNull(),
    ...authorship(),
  },
  (t) => [
    primaryKey({ columns: [t.workspace_id, t.schedule_id] }),
    uniqueIndex('rotation_schedules_of').on(t.workspace_id, t.row, t.subject),
    index('rotation_schedules_list').on(t.workspace_id, t.created_at, t.schedule_id),
    index('rotation_schedules_look').on(t.look_at),
    check('rotation_schedules_period', sql`${t.every_days} BETWEEN 1 AND 3650`),
    check('rotation_schedules_failing', sql`(${t.failure} IS NULL) = (${t.failing_since} IS NULL)`),
  ],
);
