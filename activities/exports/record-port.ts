import type { DueExport, Recorded, StepTaken } from '../../db/command/export-steps.ts';
import type { Deciding, ExportDecisionTaken } from '../../db/command/decide-export.ts';
import type { DecisionKey } from '../../db/command/decisions.ts';
import type { ExportKey } from '../../db/write/exports.ts';
import type { ExportCaller } from '../../domain/process/export.ts';

export type { DueExport, ExportKey, Recorded, StepTaken };

/** The record's commands about exports, bound to a database: what the worker hands in. */
export interface ExportRecordPort {
  attend(of: ExportKey): Promise<DueExport | undefined>;
  recordStep(of: ExportKey, version: number, taken: StepTaken): Promise<Recorded | undefined>;
  mayLeave(of: ExportKey): Promise<boolean>;
  airlockGeneration(workspace_id: string): Promise<number>;
  decide(
    by: ExportCaller,
    of: { export_id: string; key: DecisionKey; request: Deciding },
  ): Promise<ExportDecisionTaken>;
  refuse(
    by: ExportCaller,
    of: { export_id: string; key: DecisionKey; kind: string; code: string },
  ): Promise<ExportDecisionTaken>;
  requestDigest(request: unknown): string;
}
