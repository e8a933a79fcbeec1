import { defineSearchAttributeKey } from '@temporalio/common';
import {
  condition,
  continueAsNew,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { ExportActivities } from '../../activities/exports/activities.ts';
import type { ExportView } from '../../domain/process/export.ts';
import { failureCode } from '../failure-code.ts';
import { EXPORT, REREAD_AFTER_MS, REREAD_AT_LEAST_MS, UPDATES_PER_RUN } from '../options.ts';
import { Desk } from '../watch-desk.ts';
import { acceptDecisions } from './decisions.ts';
import { pokeSignal } from './messages.ts';
import type { ExportApprovalInput } from './messages.ts';

const { advanceExport } = proxyActivities<ExportActivities>(EXPORT);
const PROCESS_STATE = defineSearchAttributeKey('ProcessState', 'KEYWORD');
const AWAITING_ROLE = defineSearchAttributeKey('AwaitingRole', 'KEYWORD');

/**
 * Takes an export from its request to where it goes: preflight, the wait for people, the archive with its statement, its
 * delivery. What stops it, and by what it is let through, is the record's verdict; this only waits and goes on.
 */
export async function exportApproval(input: ExportApprovalInput): Promise<void> {
  const { workspace_id, export_id } = input;
  const desk = new Desk();
  let poked = false;
  let shown = '';
  setHandler(pokeSignal, () => {
    poked = true;
  });
  acceptDecisions(input, desk);
  for (;;) {
    poked = false;
    desk.lookDue = false;
    const view = await next();
    if (view === null) return desk.closed();
    if (desk.taken >= UPDATES_PER_RUN || workflowInfo().continueAsNewSuggested) {
      await desk.closed();
      await continueAsNew<typeof exportApproval>(input);
    }
    if (view === 0) continue;
    await condition(() => poked || desk.lookDue, Math.max(REREAD_AT_LEAST_MS, view));
  }

  /** One step; milliseconds until the next one. Null: the process is over. */
  async function next(): Promise<number | null> {
    try {
      const view = await advanceExport({ workspace_id, export_id });
      if (view === null) return null;
      show(view);
      return view.over ? null : (view.again_after_ms ?? REREAD_AFTER_MS);
    } catch (error) {
      setCurrentDetails(`cannot take a step: ${failureCode(error, 'database_unreachable')}`);
      return REREAD_AFTER_MS;
    }
  }

  function show({ state, reason_code, awaiting, failure }: ExportView): void {
    const waits = awaiting === null ? null : `waits for ${awaiting}`;
    setCurrentDetails([state, reason_code, waits, failure].filter((word) => word !== null).join(', '));
    const now = `${state} ${awaiting ?? ''}`;
    if (now === shown) return;
    shown = now;
    upsertSearchAttributes([
      { key: PROCESS_STATE, value: state },
      { key: AWAITING_ROLE, value: awaiting },
    ]);
  }
}
