import { Worker } from '@temporalio/worker';
import type { DataConverter } from '@temporalio/common';
import type { NativeConnection } from '@temporalio/worker';
import { CONTROL_QUEUE, CRITICAL_QUEUE } from '../../activities/start-process.ts';
import type { ControlActivities } from '../../activities/types.ts';

/** Slots per queue. The sum of the local activities stays below the database pool, so that none waits for a connection. */
const SLOTS = { [CONTROL_QUEUE]: 10, [CRITICAL_QUEUE]: 8 } as const;
export const DATABASE_SESSIONS = SLOTS[CONTROL_QUEUE] + SLOTS[CRITICAL_QUEUE] + 10;

/** Requests to the outside, which may hang, at a time; they hold a database session only before and after. */
const EGRESS_QUEUE = 'egress';
const EGRESS_SLOTS = 64;

const CACHED_WORKFLOWS = 500;

/** A worker that was killed keeps its cached workflows' tasks this long (the engine's default is 10 s); a person waits 2 s. */
const STICKY_FOR = '700ms';

/** A worker for what leaves to the outside: a receiver that hangs takes no slot that a process waits for. */
export function createEgressWorker({
  connection,
  namespace,
  activities,
  dataConverter,
}: Omit<ControlWorkersOptions, 'workflowBundle'>): Promise<Worker> {
  return Worker.create({
    connection,
    namespace,
    activities,
    dataConverter,
    taskQueue: EGRESS_QUEUE,
    maxConcurrentActivityTaskExecutions: EGRESS_SLOTS,
    shutdownGraceTime: '5s',
    shutdownForceTime: '10s',
  });
}

export interface ControlWorkersOptions {
  connection: NativeConnection;
  namespace: string;
  workflowBundle: { codePath: string };
  activities: ControlActivities;
  dataConverter: DataConverter;
}

/** A worker per queue, on one connection and one bundle; critical processes have slots that no other can take. */
export function createControlWorkers(options: ControlWorkersOptions): Promise<Worker[]> {
  return Promise.all(
    ([CONTROL_QUEUE, CRITICAL_QUEUE] as const).map((taskQueue) =>
      Worker.create({
        ...options,
        taskQueue,
        maxConcurrentLocalActivityExecutions: SLOTS[taskQueue],
        maxConcurrentActivityTaskExecutions: SLOTS[taskQueue],
        maxCachedWorkflows: CACHED_WORKFLOWS,
        stickyQueueScheduleToStartTimeout: STICKY_FOR,
        shutdownGraceTime: '5s',
        shutdownForceTime: '10s',
      }),
    ),
  );
}
