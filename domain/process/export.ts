// What the process of an export is told by its record after each step, and what people decide about it; it enters the history.
import type { ExportReason, ExportState } from '../export/types.ts';
import type { DecisionCaller } from './decision.ts';

export interface ExportView {
  state: ExportState;
  reason_code: ExportReason | null;
  /** The role whose yes is waited for. */
  awaiting: string | null;
  /** The code of what fails at present. */
  failure: string | null;
  over: boolean;
  /** Milliseconds until it is to be looked after again; null: only when something is decided. */
  again_after_ms: number | null;
}

/** Who was authenticated, and by which roles they may decide. */
export interface ExportCaller extends DecisionCaller {
  roles: string[];
  /** The one person of loopback trust. */
  single_operator: boolean;
}

export type ExportDecisionName = 'approve' | 'reject' | 'waive';

export type ExportDecisionRequest =
  | { kind: 'approve'; role: string | null; not_after: string | null; confirm: string | null }
  | { kind: 'reject'; reason: string }
  | { kind: 'waive'; receipt: string };

/** A decision that a registered key signed, as it arrived: what it says stands in the envelope, which proves nothing yet. */
export interface SignedExportRequest {
  kind: 'signed';
  name: ExportDecisionName;
  workflow_id: string;
  envelope: unknown;
}

/** `caller` null: it came past our doors (a signal, the engine's console), so nobody was authenticated. */
export interface ExportDecision {
  workspace_id: string;
  export_id: string;
  decision_id: string;
  caller: ExportCaller | null;
  /** Tells a retry from another request under the same id; null: the request itself is digested. */
  request_digest: string | null;
  request: ExportDecisionRequest | SignedExportRequest;
  /** It came as a signal: nobody waits for its answer. */
  signal?: true;
}

export type ExportDecided = { ok: true; state: ExportState } | { ok: false; code: string };
