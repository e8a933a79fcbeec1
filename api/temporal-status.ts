import type { Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import type { EngineStatus } from './engine.ts';
import { within } from './temporal-deadline.ts';

const { TASK_QUEUE_TYPE_WORKFLOW, TASK_QUEUE_TYPE_ACTIVITY } = proto.temporal.api.enums.v1.TaskQueueType;
/** Who polls `egress` runs activities only: no adapter hears of a containment while nobody does. */
const QUEUES = [
  { name: 'control', type: TASK_QUEUE_TYPE_WORKFLOW },
  { name: 'control-critical', type: TASK_QUEUE_TYPE_WORKFLOW },
  { name: 'egress', type: TASK_QUEUE_TYPE_ACTIVITY },
];
const NAMES = QUEUES.map(({ name }) => name);
const ASK_MS = 1000;
const KNOWN_MS = 2000;
/** A poll lasts up to 60 s; who was not seen for longer is gone. */
const POLLER_SEEN_MS = 70_000;

/** Whether the engine answers and who polls the queues of the control process; asked at most once in 2 s, however many want to know. */
export function pollerStatus(connection: Connection, namespace: string): () => Promise<EngineStatus> {
  let known: { until: number; status: Promise<EngineStatus> } | undefined;

  async function ask(): Promise<EngineStatus> {
    try {
      const polled = await within(connection, ASK_MS, () => Promise.all(QUEUES.map(isPolled)));
      const split = (is: boolean) => NAMES.filter((_, i) => polled[i] === is);
      return { reachable: true, polled: split(true), unpolled: split(false) };
    } catch {
      return { reachable: false, polled: [], unpolled: NAMES };
    }
  }

  async function isPolled({ name, type }: (typeof QUEUES)[number]): Promise<boolean> {
    const { pollers } = await connection.workflowService.describeTaskQueue({
      namespace,
      taskQueue: { name },
      taskQueueType: type,
    });
    return pollers.some((p) => Date.now() - Number(p.lastAccessTime?.seconds ?? 0) * 1000 < POLLER_SEEN_MS);
  }

  return () => {
    const now = performance.now();
    if (known === undefined || now > known.until) known = { until: now + KNOWN_MS, status: ask() };
    return known.status;
  };
}
