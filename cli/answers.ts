import type { Claim } from '../domain/attestation/claim.ts';
import type { PcrDifference } from '../domain/attestation/pcr-claims.ts';
import type { FileDifference } from '../domain/integrity/compare.ts';
import type { Gate, IncidentClass, Severity } from '../domain/containment/types.ts';
import type { ContainmentResult } from '../domain/incident/record.ts';
import type { IncidentState } from '../domain/incident/types.ts';

/** What the server answers, as far as a command reads it. Times are RFC 3339 UTC. */
export interface IncidentAnswer {
  id: string;
  created_at: string;
  class: IncidentClass;
  severity: Severity;
  state: IncidentState;
  source: string;
  description: string;
  evidence: Record<string, unknown>;
  containment_actions: string[];
  /** Where the incident has several targets of one action: everything that it holds. */
  containment_targets?: { action: string; target: string }[];
  containment_results: ContainmentResult[];
  acked_at?: string;
  acked_by?: string;
  re_attested_at?: string;
  resolved_at?: string;
  resolved_by?: string;
  triaged_at?: string;
  triaged_by?: string;
  occurrences?: number;
  folded_by?: string;
  marks?: string[];
  policy_digest: string;
  hash: string;
  ledger_index?: number;
}

/** Who did what to what; `id` is that of the ledger entry. */
export interface AuditAnswer {
  id: string;
  ts: string;
  user_id: string;
  on_behalf_of: string | null;
  action: string;
  entity_type: string;
  entity_id: string;
  workspace_id: string;
}

/** A ledger entry at its place in the log. */
export interface TimelineLine {
  id: string;
  index: number;
  entry: {
    at: string;
    actor: string;
    on_behalf_of: string | null;
    action: string;
    object: string;
    detail: Record<string, unknown>;
  };
}

export interface HoldAnswer {
  hold_id: string;
  incident_id?: string;
  kill_id?: string;
  drill_id?: string;
  since: string;
  reason: string;
}

export interface GateAnswer {
  open: boolean;
  holds: HoldAnswer[];
}

export interface GateRow extends GateAnswer {
  gate: Gate;
  hold_count: number;
}

export interface SetAnswer {
  changed: number;
  refused?: { incident_id: string; code: string; missing?: string[] }[];
}

export interface AttestationDiff {
  node: string;
  state: string;
  reference_version: number | null;
  appraised_at: string | null;
  passed: boolean | null;
  failed: Claim[];
  pcrs: PcrDifference[];
  /** What an approval names as reviewed; null: nothing was observed. */
  observed_digest: string | null;
}

export interface IntegrityDiff {
  baseline: string;
  baseline_version: number;
  checked_at: string | null;
  passed: boolean | null;
  differences_total: number;
  differences: FileDifference[];
  observed_digest: string | null;
}
