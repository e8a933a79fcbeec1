import { Client, Connection, WithStartWorkflowOperation } from '@temporalio/client';
import {
  WorkflowFailedError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import type { PayloadCodec } from '@temporalio/common';
import { ApplicationFailure, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/common';
import { STEP_TIMEOUT_MS, workflowIdOf } from '../domain/process/types.ts';
import type { IncidentProcessInput } from '../workflows/recovery-ceremony/messages.ts';
import type { DecisionEngine, EngineAnswer, EngineRequest } from './engine.ts';
import { grpcStatus, whileAnswering, within } from './temporal-deadline.ts';
import { pollerStatus } from './temporal-status.ts';
import { watchEngine } from './temporal-watches.ts';
import { UpdateIds } from './update-ids.ts';
import type { UpdateId } from './update-ids.ts';
import type { WatchEngine } from './watch-engine.ts';

/** An engine that cannot be reached has to be answered for within 2 s; the SDK alone would try for 16. */
const REACH_MS = 1800;
/** A quote is taken, carried and appraised meanwhile. */
const REATTEST_MS = 15_000;
const SETTLE_MS = 8000;
/** The server refuses more than 10 unfinished updates per workflow; four per API process stay below it. */
const IN_FLIGHT_LIMIT = 4;

const RESOURCE_EXHAUSTED = 8;

export interface TemporalOptions {
  address: string;
  namespace: string;
  /** How what the engine keeps is sealed. */
  payloadCodecs?: PayloadCodec[];
}

export interface TemporalEngine extends DecisionEngine, WatchEngine {
  close: () => Promise<void>;
}

/** The engine behind a lazy connection: nothing waits for it at start, and it is back as soon as the server is. */
export function openTemporal({ address, namespace, payloadCodecs = [] }: TemporalOptions): TemporalEngine {
  const connection = Connection.lazy({
    address,
    interceptors: [],
    channelArgs: { 'grpc.initial_reconnect_backoff_ms': 100, 'grpc.max_reconnect_backoff_ms': 1000 },
  });
  const client = new Client({ connection, namespace, dataConverter: { payloadCodecs } });
  const inFlight = new Map<string, number>();
  const updateIds = new UpdateIds();

  const watches = watchEngine({ client, connection, reachMs: REACH_MS, answerFor, updateIds });

  async function limited<T>(id: string, work: () => Promise<T>): Promise<T | { kind: 'busy' }> {
    const n = inFlight.get(id) ?? 0;
    if (n >= IN_FLIGHT_LIMIT) return { kind: 'busy' };
    inFlight.set(id, n + 1);
    try {
      return await work();
    } finally {
      const left = (inFlight.get(id) ?? 1) - 1;
      if (left === 0) inFlight.delete(id);
      else inFlight.set(id, left);
    }
  }

  async function send(request: EngineRequest): Promise<EngineAnswer> {
    const { workflow_id, decision_id } = request;
    const answer = await update(request, updateIds.of(workflow_id, decision_id));
    updateIds.answered(workflow_id, decision_id, answer);
    return answer;
  }

  async function update(request: EngineRequest, { updateId, more }: UpdateId): Promise<EngineAnswer> {
    try {
      const handle = await whileAnswering(connection, { silentMs: REACH_MS, ms: SETTLE_MS }, () =>
        client.workflow.startUpdateWithStart(request.update, {
          args: [{ ...request.input, ...more }],
          updateId,
          waitForStage: 'ACCEPTED',
          startWorkflowOperation: startOf(request),
        }),
      );
      const patience = request.update === 'reattest' ? REATTEST_MS : SETTLE_MS;
      await within(connection, patience, () => handle.result());
      return { kind: 'accepted' };
    } catch (error) {
      return answerFor(error);
    }
  }

  return {
    decide: (request) => limited(request.workflow_id, () => send(request)),
    ask: (request) => limited(workflowIdOf(request.workflow_type, request.subject), () => watches.ask(request)),
    replace: (node) => limited(`enrol/${node}`, () => watches.replace(node)),
    status: pollerStatus(connection, namespace),
    close: () => connection.close(),
  };
}

/** Whether a process may run is the record's decision: an ended one may be started again, a running one is used. */
function startOf(
  request: EngineRequest,
): WithStartWorkflowOperation<(input: IncidentProcessInput) => Promise<unknown>> {
  const { workspace_id, incident_id, severity_rank } = request;
  return new WithStartWorkflowOperation(request.workflow_type, {
    workflowId: request.workflow_id,
    taskQueue: severity_rank === 1 ? 'control-critical' : 'control',
    args: [{ schema: 1, workspace_id, incident_id }],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    workflowIdConflictPolicy: 'USE_EXISTING',
    workflowTaskTimeout: STEP_TIMEOUT_MS,
    priority: { priorityKey: severity_rank },
  });
}

/** What an error of the client means for the decision. */
export function answerFor(error: unknown): EngineAnswer {
  if (error instanceof WorkflowUpdateFailedError || error instanceof WorkflowFailedError) return refusalIn(error.cause);
  if (error instanceof WorkflowNotFoundError || error instanceof WorkflowExecutionAlreadyStartedError)
    return { kind: 'gone' };
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return { kind: 'unreachable' };
  const status = grpcStatus(error);
  if (status === undefined) throw error;
  return { kind: status === RESOURCE_EXHAUSTED ? 'busy' : 'unreachable' };
}

/** The engine's own word for an update whose workflow ended before it was handled. */
const NOT_HANDLED = 'AcceptedUpdateCompletedWorkflow';

/** A refusal is the ApplicationFailure at the end of the chain of causes: its type is the code, its first detail says more. */
function refusalIn(cause: unknown): EngineAnswer {
  let failure = cause;
  while (failure instanceof Error && !(failure instanceof ApplicationFailure)) failure = failure.cause;
  if (!(failure instanceof ApplicationFailure) || failure.type === NOT_HANDLED) return { kind: 'gone' };
  const [detail] = (failure.details ?? []) as ({ missing?: string[] } | undefined)[];
  return {
    kind: 'refused',
    code: failure.type ?? 'internal',
    ...(Array.isArray(detail?.missing) ? { missing: detail.missing } : {}),
  };
}
