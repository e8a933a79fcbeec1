import type { EscalationView } from '../domain/process/escalation.ts';

/** The record's side of an escalation; each call is one transaction. */
export interface EscalationActivities {
  /** Takes the step that is due, if any. Null: there is no such escalation. */
  followEscalation(of: { workspace_id: string; escalation: string }): Promise<EscalationView | null>;
}
