import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/workflow';

/**
 * The code an activity failed with, or `timedOut` when nobody answered in time; anything else, such as a cancellation,
 * is thrown on. An activity's failure comes wrapped, a local activity's as it is.
 */
export function failureCode(error: unknown, timedOut: string): string {
  const failure = error instanceof ActivityFailure ? error.cause : error;
  if (failure instanceof TimeoutFailure) return typeOf(failure.cause) ?? timedOut;
  if (failure instanceof ApplicationFailure) return failure.type ?? timedOut;
  throw error;
}

const typeOf = (cause: unknown): string | undefined =>
  cause instanceof ApplicationFailure ? (cause.type ?? undefined) : undefined;
