// What waits is a process: a workflow named by its business id, of a type that the record knows.
import type { IncidentClass, Severity } from '../containment/types.ts';

export const INCIDENT_PROCESS_TYPES = ['incidentResponse', 'recoveryCeremony'] as const;
export type IncidentProcessType = (typeof INCIDENT_PROCESS_TYPES)[number];

/** Watches look at a node or at protected files for as long as the record lists them. */
export const WATCH_TYPES = ['attestationWatch', 'integrityWatch'] as const;
export type WatchType = (typeof WATCH_TYPES)[number];

/** Types that have a record of their own instead of an incident's: settled from the start, no containment waits for them. */
export const STANDING_TYPES = [
  ...WATCH_TYPES,
  'severityEscalation',
  'adapterSync',
  'tokenRotation',
  'captureWindow',
  'delivery',
  'exportApproval',
] as const;

export const PROCESS_TYPES = [...INCIDENT_PROCESS_TYPES, ...STANDING_TYPES] as const;
export type ProcessType = (typeof PROCESS_TYPES)[number];

/** Every workflow type; those beyond the processes wait for nobody, so no record asks for them. */
export const WORKFLOW_TYPES = [...PROCESS_TYPES, 'nodeEnrolment', 'ledgerAnchor'] as const;

const KIND: Record<ProcessType, string> = {
  incidentResponse: 'incident',
  recoveryCeremony: 'recovery',
  attestationWatch: 'attestation',
  integrityWatch: 'integrity',
  severityEscalation: 'escalation',
  adapterSync: 'adapter',
  tokenRotation: 'rotation',
  delivery: 'delivery',
  captureWindow: 'capture',
  exportApproval: 'export',
};

/** The workflow id, `<kind>/<business id>`. */
export const workflowIdOf = (type: ProcessType, subject: string): string => `${KIND[type]}/${subject}`;

/** An escalation is one of its workspace's, named by the incident that opened it. */
export const escalationSubject = (workspace_id: string, escalation: string): string => `${workspace_id}/${escalation}`;

const AGGREGATE: Record<ProcessType, string> = {
  incidentResponse: 'incident',
  recoveryCeremony: 'incident',
  attestationWatch: 'node',
  integrityWatch: 'baseline',
  severityEscalation: 'escalation',
  adapterSync: 'adapter',
  tokenRotation: 'rotation',
  delivery: 'delivery',
  captureWindow: 'capture',
  exportApproval: 'export',
};

/** What the process is about, as the ledger names it. */
export const aggregateOf = (type: ProcessType, subject: string): string => `${AGGREGATE[type]}/${subject}`;

/** The incident that a process is about, or that opened what it is about; null for a watch or an adapter. */
export function incidentOf(type: ProcessType, subject: string): string | null {
  if (type === 'incidentResponse' || type === 'recoveryCeremony') return subject;
  return type === 'severityEscalation' ? subject.slice(subject.lastIndexOf('/') + 1) : null;
}

export const isWatch = (type: ProcessType): type is WatchType => WATCH_TYPES.some((watch) => watch === type);

/** A worker that was killed keeps the step it was given this long; the engine's default is 10 s, and a person waits. */
export const STEP_TIMEOUT_MS = 5_000;

/** A process that waits for an incident. */
export interface IncidentProcess {
  type: IncidentProcessType;
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
