// A delivery is sent until its receiver takes it; one that is not taken for an hour is dead until an operator retries it.
import type { SendError } from '../adapter/state.ts';

export const DELIVERY_STATES = ['pending', 'delivered', 'dead'] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

export type DeliveryError =
  Exclude<SendError, 'reply_malformed' | 'generation_mismatch' | 'child_not_running'> | 'hook_removed';

/** What an attempt came to. */
export type DeliveryOutcome = { ok: true } | { ok: false; code: DeliveryError };

const MOST_ATTEMPTS = 20;
const LONGEST_PAUSE_MS = 300_000;

/**
 * What becomes of a delivery after its nth attempt failed: the pause until the next in milliseconds, 1 s, doubled each
 * time, at most 5 min; null: it is dead. A hook that was taken out of the set is not tried again.
 */
export const pauseAfter = (attempts: number, code: DeliveryError): number | null =>
  code === 'hook_removed' || attempts >= MOST_ATTEMPTS
    ? null
    : Math.min(LONGEST_PAUSE_MS, 1000 * 2 ** Math.min(attempts - 1, 16));

/** What the process of a delivery finds when it looks: whether to send now, and when to look again. */
export interface DeliveryLook {
  over: boolean;
  due: boolean;
  next_in_ms: number;
}

/** Whoever takes a message answers 2xx. */
export const judgeStatus = (status: number): DeliveryOutcome =>
  status >= 200 && status < 300
    ? { ok: true }
    : { ok: false, code: status >= 300 && status < 400 ? 'redirected' : 'refused' };
