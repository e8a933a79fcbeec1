import { isGrpcServiceError, ServiceError } from '@temporalio/client';

const CANCELLED = 1;
const DEADLINE_EXCEEDED = 4;
const RESOURCE_EXHAUSTED = 8;
const UNAVAILABLE = 14;
const NOT_NOW: readonly number[] = [CANCELLED, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, UNAVAILABLE];

/** True when the engine, not this request, is the reason: the next request would fail as well. */
export function isEngineAway(error: unknown): boolean {
  const cause = error instanceof ServiceError ? error.cause : error;
  return !isGrpcServiceError(cause) || NOT_NOW.includes(cause.code);
}
