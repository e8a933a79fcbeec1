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
  | { kind: 'resolve' }
  | SignedRequest;

/** The words by which a person decides about an incident. */
export type DecisionName = 'ack' | 'reattest' | 'resolve';

/** A decision that a registered key signed, as it arrived: what it says stands in the envelope, which proves nothing yet. */
export interface SignedRequest {
  kind: 'signed';
  name: DecisionName;
  workflow_id: string;
  envelope: unknown;
}

/** `caller` null: it came past our doors (a signal, the engine's console), so nobody was authenticated. */
export interface IncidentDecision {
  workspace_id: string;
  incident_id: string;
  decision_id: string;
  caller: DecisionCaller | null;
  /** Tells a retry from another request under the same id; null: the request itself is digested. */
  request_digest: string | null;
  request: DecisionRequest;
  /** It came as a signal: nobody waits for its answer. */
  signal?: true;
}

export type DecisionOutcome = { ok: true; nodes?: string[] } | { ok: false; code: string; missing?: string[] };
