import type { ChecklistStepRow } from '../db/read/checklists.ts';
import { standing } from '../domain/checklist/checklist.ts';
import { checklistDigest as digestOf } from '../domain/checklist/digest.ts';
import type { Checklist } from '../domain/checklist/checklist.ts';
import { sha256 } from './sha256.ts';

/** What a walk names the checklist by: a changed file is another one. */
export const checklistDigest = (checklist: Checklist): string => digestOf(checklist, sha256);

/** A checklist as an incident stands in it. */
export function checklistView(checklist: Checklist, taken: readonly ChecklistStepRow[]) {
  const own = new Map(taken.filter((t) => t.checklist === checklist.name).map((t) => [t.step, t]));
  const outcomes = new Map([...own].map(([step, { outcome }]) => [step, outcome]));
  const { name, title, rows, variables, steps } = checklist;
  return {
    name,
    title,
    rows,
    digest: checklistDigest(checklist),
    state: own.size === 0 ? ('untouched' as const) : standing(steps, outcomes),
    taken: steps.filter(({ id }) => own.has(id)).length,
    variables,
    steps: steps.map((step) => ({ ...step, taken: takenView(own.get(step.id)) })),
  };
}

const takenView = (row: ChecklistStepRow | undefined) =>
  row === undefined
    ? null
    : {
        outcome: row.outcome,
        n: row.n,
        note: row.note,
        exit_code: row.exit_code,
        output_sha256: row.output_sha256,
        at: row.at,
        by: row.actor,
        on_behalf_of: row.on_behalf_of,
      };
