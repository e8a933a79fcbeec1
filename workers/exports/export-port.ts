import { Context } from '@temporalio/activity';
import { createExportActivities } from '../../activities/exports/create-export-activities.ts';
import { createExportDecisions } from '../../activities/exports/create-export-decisions.ts';
import type { ExportEngine } from '../../activities/exports/engine.ts';
import type { ExportRecordPort } from '../../activities/exports/record-port.ts';
import type { ExportActivities, ExportDecisionActivities } from '../../activities/exports/activities.ts';
import type { Database } from '../../db/client.ts';
import { decideExport, refuseExportDecision } from '../../db/command/decide-export.ts';
import { requestDigest } from '../../db/command/decisions.ts';
import { airlockGeneration } from '../../db/command/export-gates.ts';
import { attendExport, mayLeave, recordExportStep } from '../../db/command/export-steps.ts';
import type { Logger } from '../log.ts';

/** The record's commands about exports on one database. */
export const exportRecord = (db: Database): ExportRecordPort => ({
  attend: (of) => attendExport(db, of),
  recordStep: (of, version, taken) => recordExportStep(db, of, version, taken),
  mayLeave: (of) => mayLeave(db, of),
  airlockGeneration: (workspace_id) => airlockGeneration(db, workspace_id),
  decide: (by, of) => decideExport(db, by, of),
  refuse: (by, of) => refuseExportDecision(db, by, of),
  requestDigest,
});

export interface ExportPortDeps {
  db: Database;
  engine: ExportEngine;
  signals: 'unsigned' | 'signed';
  log: Logger;
}

/** The activities of an export: its steps, and people's decisions about it. */
export function exportPort({ db, engine, signals, log }: ExportPortDeps): ExportActivities & ExportDecisionActivities {
  const record = exportRecord(db);
  return {
    ...createExportActivities({ record, engine, log, pulse }),
    ...createExportDecisions({ record, signals }),
  };
}

function pulse() {
  const context = Context.current();
  return { beat: (details?: unknown) => context.heartbeat(details), signal: context.cancellationSignal };
}
