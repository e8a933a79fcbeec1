import type { OpenedChallenge } from '../db/command/challenges.ts';
import type { Reattestation } from '../db/command/reattest.ts';
import type { DecisionOutcome, IncidentDecision } from '../domain/process/decision.ts';
import type { IncidentProcess, ProcessView } from '../domain/process/types.ts';

export type { Reattestation };

/** Challenges to answer, and the baselines whose files are to be observed. */
export type ChallengesOpened =
  { ok: true; challenges: OpenedChallenge[]; baselines: string[] } | { ok: false; code: string };

/** The record's side of a process; each call is one transaction. */
export interface RecordActivities {
  /** Null: there is no such record. */
  attendProcess(process: IncidentProcess): Promise<ProcessView | null>;
  /** False: there is something left to wait for. */
  closeProcess(process: IncidentProcess): Promise<boolean>;
  decideIncident(decision: IncidentDecision): Promise<DecisionOutcome>;
  openChallenges(decision: IncidentDecision): Promise<ChallengesOpened>;
  /** The verdict on what the attesters sent. */
  decideReattestation(decision: IncidentDecision, given: Reattestation): Promise<DecisionOutcome>;
  /** True when a reminder or page was recorded. */
  nudgeOperators(seen: { workspace_id: string; incident_id: string; version: number }): Promise<boolean>;
}

export interface EngineActivities {
  startCeremony(of: {
    workspace_id: string;
    incident_id: string;
    severity_rank: number;
    version: number;
  }): Promise<void>;
}

export type ControlActivities = RecordActivities & EngineActivities;

/** Evidence of one node as its TPM gave it, lowercase hex; nothing in it is a verdict. */
export interface CollectedEvidence {
  node: string;
  /** TPMS_ATTEST */
  attest: string;
  /** TPMT_SIGNATURE */
  signature: string;
  pcrs: { index: number; digest: string }[];
}

export interface ObservedFile {
  path: string;
  sha256: string;
  size: number;
  mode: number;
}

/** What a worker on a protected host does; its task queue is `attester/<node>`. */
export interface AttesterActivities {
  collectEvidence(challenge: OpenedChallenge): Promise<CollectedEvidence>;
  /** Every file under the folder that the baseline of this name protects. */
  observeFiles(baseline: string): Promise<ObservedFile[]>;
}
