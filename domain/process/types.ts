// What waits is a process: a workflow named by its business id, of a type that the record knows.
import type { IncidentClass, Severity } from '../containment/types.ts';

export const PROCESS_TYPES = ['incidentResponse', 'recoveryCeremony'] as const;
export type ProcessType = (typeof PROCESS_TYPES)[number];

/** Every workflow type; those beyond the processes wait for nobody, so no record asks for them. */
export const WORKFLOW_TYPES = [...PROCESS_TYPES, 'attestationRound', 'integrityRound', 'nodeEnrolment'] as const;

const KIND: Record<ProcessType, string> = { incidentResponse: 'incident', recoveryCeremony: 'recovery' };

/** The workflow id, `<kind>/<business id>`. */
export const workflowIdOf = (type: ProcessType, subject: string): string => `${KIND[type]}/${subject}`;

/** A process that waits for an incident. */
export interface IncidentProcess {
  type: ProcessType;
  workspace_id: string;
  incident_id: string;
}

/** What a process needs to know of its record; ids, words and times only, for it enters the workflow's history. */
export interface ProcessView {
  version: number;
  class: IncidentClass;
  severity: Severity;
  severity_rank: number;
  resolved: boolean;
  /** The record no longer wants this process: it was closed, or was never asked for. */
  over: boolean;
  /** Every containment action has its first outcome: it holds, or it failed and is retried from there. */
  settled: boolean;
  /** A ceremony stands between this incident and its resolution. */
  ceremony: boolean;
  missing: ('ack' | 'reattest' | 'containment')[];
  /** RFC 3339; reminders and pages count from here. */
  required_after: string;
  last_nudge_at: string | null;
}
