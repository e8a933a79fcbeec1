import { defineSignal, defineUpdate } from '@temporalio/workflow';
import type { ExportCaller } from '../../domain/process/export.ts';
import type { ExportState } from '../../domain/export/types.ts';
import type { Signalled, SignedSignal } from '../recovery-ceremony/messages.ts';

export { pokeSignal } from '../recovery-ceremony/messages.ts';

/** The one argument of `exportApproval`; its id is `export/<EXP>`. `schema` numbers the shape for continue-as-new. */
export interface ExportApprovalInput {
  schema: 1;
  workspace_id: string;
  export_id: string;
}

/** What an update carries besides its own fields; without a caller nobody was authenticated. */
export interface ExportEnvelope {
  caller?: ExportCaller;
  request_digest?: string;
}

/** `role`: the one that the yes is to count for, by default the first one that is wanted and held. */
export interface ApproveInput {
  role?: string;
  /** RFC 3339 UTC: the yes is good no longer. */
  not_after?: string;
  /** The id of the export, typed by the one person of loopback trust. */
  confirm?: string;
}

export interface RejectInput {
  reason: string;
}

/** The id of a waiver, or the digest of its receipt. */
export interface WaiveInput {
  receipt: string;
}

/** An accepted decision. A refused one fails the update with an ApplicationFailure whose type is the code. */
export interface ExportAccepted {
  ok: true;
  state: ExportState;
}

export const approveUpdate = defineUpdate<ExportAccepted, [(ApproveInput & ExportEnvelope)?]>('approve');
export const rejectUpdate = defineUpdate<ExportAccepted, [RejectInput & ExportEnvelope]>('reject');
export const waiveUpdate = defineUpdate<ExportAccepted, [WaiveInput & ExportEnvelope]>('waive');

export const approveSignal = defineSignal<[(Signalled<ApproveInput> | SignedSignal)?]>('approve');
export const rejectSignal = defineSignal<[Signalled<RejectInput> | SignedSignal]>('reject');
export const waiveSignal = defineSignal<[Signalled<WaiveInput> | SignedSignal]>('waive');
