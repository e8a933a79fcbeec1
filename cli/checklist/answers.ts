import type { Checklist, ChecklistStep, Outcome } from '../../domain/checklist/checklist.ts';

export interface TakenAnswer {
  outcome: Outcome;
  note: string | null;
  exit_code: number | null;
  at: string;
  by: string;
}

/** A step as the API shows it, with the last time it was taken. */
export type StepAnswer = ChecklistStep & { taken: TakenAnswer | null };

/** A checklist as an incident stands in it. */
export type ChecklistAnswer = Omit<Checklist, 'steps'> & {
  digest: string;
  state: 'untouched' | 'open' | 'done';
  taken: number;
  steps: StepAnswer[];
};

export const checklistsPath = (incident: string): string => `/v1/incidents/${encodeURIComponent(incident)}/checklists`;
export const stepPath = (incident: string, checklist: string, step: string): string =>
  `${checklistsPath(incident)}/${encodeURIComponent(checklist)}/${encodeURIComponent(step)}`;
