// What the engine's own console shows of a process: words an operator can search for, nothing that was confided.
import type { IncidentProcessType, ProcessView } from './types.ts';

export const PROCESS_STATES = ['starting', 'containing', 'recovering', 'awaiting_resolve', 'closing'] as const;
export type ProcessState = (typeof PROCESS_STATES)[number];

export function processState(type: IncidentProcessType, view: ProcessView | null): ProcessState {
  if (view === null) return 'starting';
  if (view.resolved || view.over) return 'closing';
  if (type === 'incidentResponse' && !view.settled) return 'containing';
  return view.missing.length > 0 ? 'recovering' : 'awaiting_resolve';
}

/** Whose turn it is. A response beside a ceremony waits for nobody: people are asked once. */
export function awaitingRole(type: IncidentProcessType, view: ProcessView | null): 'operator' | null {
  if (view === null || view.resolved || view.over) return null;
  if (type === 'incidentResponse') return view.ceremony || !view.settled ? null : 'operator';
  return 'operator';
}

/** One line for the console, by the record's own words. */
export function currentDetails(type: IncidentProcessType, view: ProcessView): string {
  const waits = view.missing.length > 0 ? view.missing.join(', ') : 'resolve';
  const what = view.resolved || view.over ? 'over' : type === 'incidentResponse' && view.ceremony ? 'ceremony' : waits;
  return `${view.severity} ${view.class}, waits for: ${what}, since ${view.required_after}`;
}
