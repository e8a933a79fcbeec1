import {
  ApplicationFailure,
  currentUpdateInfo,
  log,
  proxyLocalActivities,
  setHandler,
  uuid4,
  workflowInfo,
} from '@temporalio/workflow';
import type { SignalDefinition, UpdateDefinition } from '@temporalio/common';
import type { ExportDecisionActivities } from '../../activities/exports/activities.ts';
import type { ExportDecided, ExportDecision, ExportDecisionName } from '../../domain/process/export.ts';
import { failureCode } from '../failure-code.ts';
import { malformedEnvelope, refusing } from '../malformed.ts';
import { RECORD } from '../options.ts';
import { refused } from '../refused.ts';
import type { Desk } from '../watch-desk.ts';
import { malformedDecision, requestOf } from './malformed.ts';
import { approveSignal, approveUpdate, rejectSignal, rejectUpdate, waiveSignal, waiveUpdate } from './messages.ts';
import type { ExportAccepted, ExportApprovalInput, ExportEnvelope } from './messages.ts';

const { decideExport } = proxyLocalActivities<ExportDecisionActivities>(RECORD);

/** Takes people's decisions as updates and, from the engine's own console or CLI, as signals: both come to the same transaction. */
export function acceptDecisions(of: ExportApprovalInput, desk: Desk): void {
  accept('approve', approveUpdate, approveSignal);
  accept('reject', rejectUpdate, rejectSignal);
  accept('waive', waiveUpdate, waiveSignal);

  function accept(name: ExportDecisionName, update: unknown, signal: unknown): void {
    const byUpdate = (input: unknown) => {
      const decision = decisionOf(currentUpdateInfo()?.id ?? uuid4(), input ?? {});
      return take({ ...decision, request: requestOf(name, input) });
    };
    setHandler(update as UpdateDefinition<ExportAccepted, [unknown]>, byUpdate, {
      validator: refusing((input) => malformedDecision(name, input)),
    });
    setHandler(signal as SignalDefinition<[unknown]>, async (input) => {
      const field = isSigned(input) ? malformedEnvelope(input) : malformedDecision(name, input);
      if (field !== null) return log.warn('malformed signal', { event: 'decision.malformed', kind: name, field });
      const { decision_id } = (input ?? {}) as { decision_id?: string };
      const decision = { ...decisionOf(decision_id ?? uuid4(), {}), signal: true as const };
      const { workflowId: workflow_id } = workflowInfo();
      const request = isSigned(input)
        ? ({ kind: 'signed', name, workflow_id, envelope: input.envelope } as const)
        : requestOf(name, input);
      await take({ ...decision, request }).catch((error: unknown) => {
        const code = error instanceof ApplicationFailure ? error.type : 'internal';
        log.info('signal refused', { event: 'decision.refused', decision_id: decision.decision_id, code });
      });
    });
  }

  const decisionOf = (decision_id: string, envelope: ExportEnvelope): Omit<ExportDecision, 'request'> => ({
    workspace_id: of.workspace_id,
    export_id: of.export_id,
    decision_id,
    caller: envelope.caller ?? null,
    request_digest: envelope.request_digest ?? null,
  });

  const take = (decision: ExportDecision): Promise<ExportAccepted> =>
    desk.take(async () => {
      const decided = await decideSafely(decision);
      if (!decided.ok) throw refused(decided.code);
      desk.lookDue = true;
      return { ok: true, state: decided.state };
    });
}

/** What the record could not be asked is a refusal with that code, on no record. */
async function decideSafely(decision: ExportDecision): Promise<ExportDecided> {
  try {
    return await decideExport(decision);
  } catch (error) {
    return { ok: false, code: failureCode(error, 'database_unreachable') };
  }
}

const isSigned = (input: unknown): input is { envelope: unknown } =>
  typeof input === 'object' && input !== null && 'envelope' in input;
