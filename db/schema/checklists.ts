import { integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import type { Outcome } from '../../domain/checklist/checklist.ts';
import { authorship, instant } from './columns.ts';

/** What became of the steps of a checklist in an incident; a step that was taken again has several rows, the last counts. */
export const checklistSteps = pgTable(
  'checklist_steps',
  {
    workspace_id: text().notNull(),
    incident_id: text().notNull(),
    checklist: text().notNull(),
    step: text().notNull(),
    /** From 1. */
    n: integer().notNull(),
    /** Of the checklist as it was walked, canonical JSON. */
    checklist_digest: text().notNull(),
    outcome: text().$type<Outcome>().notNull(),
    note: text(),
    exit_code: integer(),
    /** Of what the command printed; the output itself stays with whoever ran it. */
    output_sha256: text(),
    at: instant().notNull(),
    ...authorship(),
  },
  (t) => [primaryKey({ columns: [t.workspace_id, t.incident_id, t.checklist, t.step, t.n] })],
);
