import type { Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import type { EngineStatus } from './engine.ts';
import { within } from './temporal-deadline.ts';

const QUEUES = ['control', 'control-critical'];
const EGRESS_QUEUE = 'egress';
const { TASK_QUEUE_TYPE_ACTIVITY, TASK_QUEUE_TYPE_WORKFLOW } = proto.temporal.api.enums.v1.TaskQueueType;
const ASK_MS = 1000;
const KNOWN_MS = 2000;
/** A poll lasts up to 60 s; who was not seen for longer is gone. */
const POLLER_SEEN_MS = 70_000;

/** Whether the engine answers and who polls the control queues; asked at most once in 2 s, however many want to know. */
export function pollerStatus(connection: Connection, namespace: string): () => Promise<EngineStatus> {
  let known: { until: number; status: Promise<EngineStatus> } | undefined;

  async function ask(): Promise<EngineStatus> {
    try {
      const [egressPolled, ...polled] = await within(connection, ASK_MS, () =>
        Promise.all([
          isPolled(EGRESS_QUEUE, TASK_QUEUE_TYPE_ACTIVITY),
          ...QUEUES.map((queue) => isPolled(queue, TASK_QUEUE_TYPE_WORKFLOW)),
        ]),
      );
      return {
        reachable: true,
        polled: QUEUES.filter((_, i) => polled[i]),
        unpolled: QUEUES.filter((_, i) => !polled[i]),
        egressPolled,
      };
    } catch {
      return { reachable: false, polled: [], unpolled: QUEUES, egressPolled: false };
    }
  }

  async function isPolled(
    name: string,
    taskQueueType: typeof TASK_QUEUE_TYPE_ACTIVITY | typeof TASK_QUEUE_TYPE_WORKFLOW,
  ): Promise<boolean> {
    const { pollers } = await connection.workflowService.describeTaskQueue({
      namespace,
      taskQueue: { name },
      taskQueueType,
    });
    return pollers.some((p) => Date.now() - Number(p.lastAccessTime?.seconds ?? 0) * 1000 < POLLER_SEEN_MS);
  }

  return () => {
    const now = performance.now();
    if (known === undefined || now > known.until) known = { until: now + KNOWN_MS, status: ask() };
    return known.status;
  };
}
