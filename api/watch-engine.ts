import type { ExportDecisionName } from '../domain/process/export.ts';
import type { ApproveReferenceInput } from '../workflows/attestation-watch/messages.ts';
import type { ApproveBaselineInput } from '../workflows/integrity-watch/messages.ts';
import type { EngineAnswer } from './engine.ts';

/** A decision on its way to the watch of a node or of a baseline, or to the process of an export. */
export type WatchRequest = { subject: string; decision_id: string } & (
  | { workflow_type: 'attestationWatch'; update: 'approveReference'; input: ApproveReferenceInput }
  | { workflow_type: 'integrityWatch'; update: 'approveBaseline'; input: ApproveBaselineInput }
  | { workflow_type: 'integrityWatch'; update: 'check'; input: object }
  | { workflow_type: 'exportApproval'; workspace_id: string; update: ExportDecisionName; input: object }
);

export type WatchAnswer = { kind: 'accepted'; result: unknown } | Exclude<EngineAnswer, { kind: 'accepted' }>;

export interface WatchEngine {
  /** Sends a decision, starting the watch where the engine does not run it. Never rejects. */
  ask: (request: WatchRequest) => Promise<WatchAnswer>;
  /** Enrols the TPM that is now on a node's host in place of the one on record, and waits for it. Never rejects. */
  replace: (node: string) => Promise<WatchAnswer>;
}
