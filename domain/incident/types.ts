// The incident as the record holds it: names and units equal the database row.
import type { Action, Gate, IncidentClass, Severity } from '../containment/types.ts';

export const INCIDENT_STATES = ['open', 'contained', 'containment_failed', 'acknowledged', 'resolved'] as const;
export type IncidentState = (typeof INCIDENT_STATES)[number];

/** `held`: in force everywhere; `pending`: an adapter has yet to acknowledge; `failed`: refused or silent for 5 s, retried. */
export type ActionStatus = 'held' | 'pending' | 'failed' | 'retired';

/** At most one per action and target. */
export interface ActionRecord {
  action: Action;
  gate: Gate | null;
  target: string;
  status: ActionStatus;
  error?: string;
  completed_at?: string;
}

/** One target of an action; the record of it may be still to come. */
export interface NamedTarget {
  action: Action;
  target: string;
}

/** Times are RFC 3339 UTC with milliseconds; `evidence` is canonical JSON; `hash` is hex SHA-256. */
export interface Incident {
  workspace_id: string;
  id: string;
  number: number;
  created_at: string;
  class: IncidentClass;
  severity: Severity;
  severity_rank: number;
  state: IncidentState;
  source: string;
  description: string;
  evidence: string;
  /** In the order of the table, those of one action in the order they were added. */
  actions: ActionRecord[];
  /** What folded reports named besides, for actions that the incident does not have: a rise in severity holds them too. */
  named_targets: NamedTarget[];
  target_key: string;
  marks: string[];
  latched: boolean;
  require_ack: boolean;
  require_reattest: boolean;
  binding: string;
  required_after: string;
  ack_binding: string | null;
  acked_at: string | null;
  acked_by: string | null;
  acked_actor: string | null;
  reattest_binding: string | null;
  re_attested_at: string | null;
  recovery_pending: boolean;
  pending_actions: number;
  settlements: number;
  contained_at: string | null;
  triaged_at: string | null;
  triaged_by: string | null;
  resolved_at: string | null;
  resolved_by: string | null;
  occurrences: number;
  folded_by: string | null;
  dedup_key: string | null;
  policy_digest: string;
  hash: string;
  version: number;
  actor: string;
  on_behalf_of: string | null;
}

/** What a transition asks of the transaction that judged it, beyond writing the record. */
export type Effect =
  | { kind: 'entry'; action: string; detail: Record<string, unknown> }
  | { kind: 'place_hold'; action: Action; gate: Gate; target: string }
  | { kind: 'release_holds'; keep: Action[] }
  | { kind: 'revoke_grants' }
  | { kind: 'alert'; message: string }
  | { kind: 'poke' };

export type Verdict =
  | { ok: true; incident: Incident; effects: Effect[]; changed: boolean }
  | { ok: false; code: RefusalCode; missing?: string[] };

export type RefusalCode =
  | 'already_resolved'
  | 'containment_changed'
  | 'reattest_not_required'
  | 'recovery_incomplete'
  | 'same_person'
  | 'containment_pending'
  | 'occurrence_changed'
  | 'settlement_changed';
