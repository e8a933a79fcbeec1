// What intake needs to know before it judges a batch, and what it says afterwards.
import type { Action, IncidentClass } from '../containment/types.ts';
import type { ContainmentPolicy } from '../containment/policy.ts';
import type { WindowEvent } from '../containment/escalation.ts';
import type { Crossing, OpenEscalation } from '../escalation/crossing.ts';
import type { Effect, Incident } from '../incident/types.ts';
import type { Report } from '../report/report.ts';

export interface IntakeReport {
  workspace_id: string;
  report: Report;
  /** Canonical JSON of `report.evidence`. */
  evidence: string;
  actor: string;
  on_behalf_of: string | null;
}

/** Everything the transaction has locked and read; the judge works on copies and asks for nothing else. */
export interface IntakeState {
  now: string;
  policy: ContainmentPolicy;
  policy_digest: string;
  subscribed: (workspace_id: string) => ReadonlySet<Action>;
  /** By `windowKey`. A class without a row is locked all the same and starts empty. */
  windows: Map<string, WindowEvent[]>;
  /** The open escalation per `windowKey`. */
  escalations: Map<string, OpenEscalation>;
  /** Locked unresolved incidents by `workspace/id`: those in the windows, the dedup matches, the newest of a flood. */
  incidents: Map<string, Incident>;
  /** Unresolved incident per `dedupKey`. */
  dedup: Map<string, string>;
  /** Unresolved ceremony-bound incidents per `floodKey`; `count` is exact up to the policy's limit. */
  floods: Map<string, { count: number; newest: string }>;
  /** The next incident number, never handed out twice. */
  allocate: () => number;
}

/** One sealed version of an incident with what its writing asks for, in the order it was judged. */
export interface Step {
  incident: Incident;
  effects: Effect[];
  actor: string;
  on_behalf_of: string | null;
}

export type IntakeAnswer =
  { ok: true; status: 200 | 201; incident: Incident } | { ok: false; code: 'severity_below_default'; path: 'severity' };

export interface IntakeOutcome {
  answers: IntakeAnswer[];
  /** Versions in order; the last one of an incident is its row. */
  steps: Step[];
  windows: Map<string, WindowEvent[]>;
  /** In order; the last one of a window is what its row remembers. */
  crossings: Crossing[];
}

export const windowKey = (workspace_id: string, cls: IncidentClass): string => JSON.stringify([workspace_id, cls]);
export const incidentKey = (workspace_id: string, id: string): string => `${workspace_id}/${id}`;
export const dedupKey = (r: IntakeReport): string | null =>
  r.report.dedup_key === undefined
    ? null
    : JSON.stringify([r.workspace_id, r.actor, r.report.source, r.report.class, r.report.dedup_key]);
export const floodKey = (workspace_id: string, cls: IncidentClass, source: string, target_key: string): string =>
  JSON.stringify([workspace_id, cls, source, target_key]);
