import { WithStartWorkflowOperation } from '@temporalio/client';
import type { Client, Connection } from '@temporalio/client';
import { STEP_TIMEOUT_MS, workflowIdOf } from '../domain/process/types.ts';
import type { EngineAnswer } from './engine.ts';
import { grpcStatus, whileAnswering, within } from './temporal-deadline.ts';
import type { UpdateIds } from './update-ids.ts';
import type { WatchAnswer, WatchEngine, WatchRequest } from './watch-engine.ts';

const DEADLINE_EXCEEDED = 4;
/** A worker that was killed is back within seconds, and takes what waits for it. */
const ACCEPT_MS = 8000;
/** Files are read, carried and compared meanwhile; a host that is not there is given up after 5 s. */
const LOOK_MS = 25_000;
/** A TPM makes its keys: seconds on hardware. */
const ENROL_MS = 45_000;

interface Parts {
  client: Client;
  connection: Connection;
  reachMs: number;
  answerFor: (error: unknown) => EngineAnswer;
  updateIds: UpdateIds;
}

/** The part of the engine that the watches are reached through. */
export function watchEngine({ client, connection, reachMs, answerFor, updateIds }: Parts): WatchEngine {
  const answered = async (work: () => Promise<unknown>): Promise<WatchAnswer> => {
    try {
      return { kind: 'accepted', result: await work() };
    } catch (error) {
      const answer = answerFor(error);
      return answer.kind === 'accepted' ? { kind: 'gone' } : answer;
    }
  };
  return {
    ask: async (request) => {
      const workflow_id = workflowIdOf(request.workflow_type, request.subject);
      const { updateId, more } = updateIds.of(workflow_id, request.decision_id);
      const answer = await answered(async () => {
        const handle = await whileAnswering(connection, { silentMs: reachMs, ms: ACCEPT_MS }, () =>
          client.workflow.startUpdateWithStart(request.update, {
            args: [{ ...request.input, ...more }],
            updateId,
            waitForStage: 'ACCEPTED',
            startWorkflowOperation: startOf(request),
          }),
        );
        return within(connection, LOOK_MS, () => handle.result());
      });
      updateIds.answered(workflow_id, request.decision_id, answer);
      return answer;
    },
    replace: async (node) => {
      const started = await answered(() => within(connection, reachMs, () => startReplacement(client, node)));
      if (started.kind !== 'accepted') return started;
      const result = () => client.workflow.getHandle(`enrol/${node}`).result() as Promise<unknown>;
      try {
        return { kind: 'accepted', result: await within(connection, ENROL_MS, result) };
      } catch (error) {
        // Without a code of its own, an enrolment ended because nobody on the host answered; so did one that still waits.
        const answer = answerFor(error);
        const silent = answer.kind === 'gone' || grpcStatus(error) === DEADLINE_EXCEEDED;
        if (silent || answer.kind === 'accepted') return { kind: 'refused', code: 'attester_unreachable' };
        return answer;
      }
    },
  };
}

/** A process has no other arguments than what it is about; the record says at its first look whether it may go on. */
function startOf(request: WatchRequest): WithStartWorkflowOperation<(input: object) => Promise<void>> {
  const { workflow_type, subject } = request;
  const isExport = workflow_type === 'exportApproval';
  return new WithStartWorkflowOperation(workflow_type, {
    workflowId: workflowIdOf(workflow_type, subject),
    taskQueue: isExport ? 'control' : 'control-critical',
    args: [{ schema: 1, ...inputOf(request) }],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    workflowIdConflictPolicy: 'USE_EXISTING',
    ...(isExport ? { workflowTaskTimeout: STEP_TIMEOUT_MS } : {}),
    priority: { priorityKey: isExport ? 3 : 1 },
  });
}

function inputOf(request: WatchRequest): object {
  if (request.workflow_type === 'attestationWatch') return { node: request.subject };
  if (request.workflow_type === 'integrityWatch') return { baseline: request.subject };
  return { workspace_id: request.workspace_id, export_id: request.subject };
}

const startReplacement = (client: Client, node: string) =>
  client.workflow.start('nodeEnrolment', {
    workflowId: `enrol/${node}`,
    taskQueue: 'control',
    args: [{ schema: 1, node, replace: true }],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    workflowIdConflictPolicy: 'USE_EXISTING',
  });
