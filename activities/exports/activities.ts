import type { ExportDecided, ExportDecision, ExportView } from '../../domain/process/export.ts';

export interface ExportActivities {
  /** Takes the step that is due, if any, and records how it ended. Null: there is no such export. */
  advanceExport(of: { workspace_id: string; export_id: string }): Promise<ExportView | null>;
}

export interface ExportDecisionActivities {
  /** One transaction. A refusal is a result, and on the record. */
  decideExport(decision: ExportDecision): Promise<ExportDecided>;
}
