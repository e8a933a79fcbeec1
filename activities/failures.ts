import { ApplicationFailure } from '@temporalio/common';

/**
 * What becomes of a failed effect. `retry`: it may succeed by itself; `terminal`: it never will; `hold`: nothing goes
 * wrong while it waits, and a person has to look at it.
 */
export type Outcome = 'retry' | 'terminal' | 'hold';

interface Judged {
  outcome: Outcome;
  /** The failure's type: the code that clients see. */
  type: string;
}

/** The client's code for what a person has to look at. */
const HELD = 'internal';

const DATABASE: Record<string, Judged> = {
  database_unreachable: { outcome: 'retry', type: 'database_unreachable' },
  outcome_unknown: { outcome: 'retry', type: 'database_unreachable' },
};

const TPM: Record<string, Judged> = {
  tpm_unavailable: { outcome: 'terminal', type: 'tpm_unavailable' },
  closed: { outcome: 'terminal', type: 'tpm_unavailable' },
  tpm_busy: { outcome: 'retry', type: 'tpm_busy' },
  tpm_out_of_slots: { outcome: 'retry', type: 'tpm_out_of_slots' },
};

/** The client library's name for a gRPC call that failed. */
const ENGINE_ERROR = 'ServiceError';

/** SQLSTATE classes: connection and shutdown pass, so do conflicts; what a row is blamed for stays wrong. */
function bySqlState(state: string): Judged {
  if (/^(08|57P|53)/.test(state)) return { outcome: 'retry', type: 'database_unreachable' };
  if (/^(40|55)/.test(state)) return { outcome: 'retry', type: 'database_unreachable' };
  if (/^2[12]/.test(state)) return { outcome: 'terminal', type: 'unrepresentable' };
  return { outcome: 'hold', type: HELD };
}

/** Judges an error by its layer's code; an error without one is a defect, and what is unknown is held. */
export function judge(error: unknown): Judged {
  const { name, code } = (error ?? {}) as { name?: unknown; code?: unknown };
  if (name === ENGINE_ERROR) return { outcome: 'retry', type: 'temporal_unreachable' };
  if (typeof code !== 'string') return { outcome: 'hold', type: HELD };
  if (name === 'DatabaseError') return DATABASE[code] ?? { outcome: 'hold', type: HELD };
  if (name === 'TpmError') return TPM[code] ?? { outcome: 'terminal', type: 'tpm_failed' };
  return /^[0-9A-Z]{5}$/.test(code) ? bySqlState(code) : { outcome: 'hold', type: HELD };
}

/**
 * The failure that an activity ends with. Its message is its type: a query, a path or a credential in an error's text
 * would enter the history.
 */
export function toFailure(error: unknown): ApplicationFailure {
  if (error instanceof ApplicationFailure) return error;
  const { outcome, type } = judge(error);
  return ApplicationFailure.create({ type, message: type, nonRetryable: outcome !== 'retry' });
}

export interface FailureLog {
  warn(fields: object): void;
  error(fields: object): void;
}

/** Wraps activities so that whatever they throw is logged in full here and leaves as a failure of a known type. */
export function withFailures<T extends object>(activities: T, log: FailureLog): T {
  const wrapped = Object.entries(activities).map(([name, run]) => [
    name,
    async (...args: unknown[]): Promise<unknown> => {
      try {
        return await (run as (...args: unknown[]) => Promise<unknown>)(...args);
      } catch (error) {
        const failure = toFailure(error);
        const line = { event: 'activity.failed', activity: name, code: failure.type, err: error };
        if (failure.nonRetryable) log.error(line);
        else log.warn(line);
        throw failure;
      }
    },
  ]);
  return Object.fromEntries(wrapped) as T;
}
