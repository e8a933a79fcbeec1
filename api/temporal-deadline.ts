import { setTimeout as pause } from 'node:timers/promises';
import { isGrpcServiceError, ServiceError } from '@temporalio/client';
import type { Connection } from '@temporalio/client';

const UNAVAILABLE = 14;
const AGAIN_MS = 100;

/** The gRPC status of an error of the client, undefined for anything else. */
export function grpcStatus(error: unknown): number | undefined {
  const grpc = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(grpc) ? grpc.code : undefined;
}

/**
 * Calls to the engine that have to answer within `ms`, tried again while it is unavailable. The SDK's own retries are
 * off: they sleep past every deadline, and go on after the connection was closed.
 */
export async function within<T>(
  connection: Connection,
  ms: number,
  work: () => Promise<T>,
  givenUp?: AbortSignal,
): Promise<T> {
  const deadline = Date.now() + ms;
  for (;;) {
    try {
      return await connection.withDeadline(deadline, work);
    } catch (error) {
      const last = givenUp?.aborted === true || Date.now() + AGAIN_MS >= deadline;
      if (last || grpcStatus(error) !== UNAVAILABLE) throw error;
      await pause(AGAIN_MS);
    }
  }
}

/**
 * Calls that wait for a worker behind the engine: given `ms` while the engine itself answers, and given up as soon as it has
 * been silent for `silentMs`. A worker that starts again needs seconds; an engine that is gone is answered for at once.
 */
export async function whileAnswering<T>(
  connection: Connection,
  { silentMs, ms }: { silentMs: number; ms: number },
  work: () => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const silent = new AbortController();
  void listen(connection, silentMs / 2, over.signal).catch(() => silent.abort());
  try {
    return await connection.withAbortSignal(silent.signal, () => within(connection, ms, work, silent.signal));
  } finally {
    over.abort();
  }
}

/** Asks the engine every `ms` for a sign of life; rejects when none came within another `ms`. */
async function listen(connection: Connection, ms: number, over: AbortSignal): Promise<void> {
  for (;;) {
    await pause(ms);
    if (over.aborted) return;
    await within(connection, ms, () => connection.workflowService.getSystemInfo({}));
  }
}
