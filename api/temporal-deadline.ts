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
export async function within<T>(connection: Connection, ms: number, work: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + ms;
  for (;;) {
    try {
      return await connection.withDeadline(deadline, work);
    } catch (error) {
      if (grpcStatus(error) !== UNAVAILABLE || Date.now() + AGAIN_MS >= deadline) throw error;
      await pause(AGAIN_MS);
    }
  }
}
