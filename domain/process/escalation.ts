// What a follow-through is told by its record after each step.
import type { IncidentClass, Severity } from '../containment/types.ts';
import type { EscalationStep } from '../escalation/follow-through.ts';

/** Counts and words only, for it enters the workflow's history. */
export interface EscalationView {
  class: IncidentClass;
  severity: Severity;
  members: number;
  unresolved: number;
  /** The step that was due and has been taken; the next may be due at once. */
  done: EscalationStep | null;
  over: boolean;
  /** Milliseconds until something is due, with `done` null. */
  again_after_ms: number;
}
