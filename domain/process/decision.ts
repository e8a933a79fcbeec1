// A decision about an incident as it travels to the transaction that judges it, and what that transaction said.

/** Who was authenticated by the door the decision came through. */
export interface DecisionCaller {
  workspace_id: string;
  actor: string;
  on_behalf_of: string | null;
}

export type DecisionRequest =
  | { kind: 'ack'; operator: string; note?: string; containment_binding?: string }
  | { kind: 'reattest' }
  | { kind: 'resolve' };

/** `caller` null: it came past our doors (a signal, the engine's console), so nobody was authenticated. */
export interface IncidentDecision {
  workspace_id: string;
  incident_id: string;
  decision_id: string;
  caller: DecisionCaller | null;
  /** Tells a retry from another request under the same id; null: the request itself is digested. */
  request_digest: string | null;
  request: DecisionRequest;
}

export type DecisionOutcome = { ok: true; nodes?: string[] } | { ok: false; code: string; missing?: string[] };
