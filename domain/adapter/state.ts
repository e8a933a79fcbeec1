// An adapter is told a state, not events: what a gate is for a target now, and the generation that orders it.
import { EVERYTHING } from '../containment/types.ts';
import type { Gate } from '../containment/types.ts';

export interface ToldHold {
  hold_id: string;
  incident_id?: string;
  since: string;
  reason: string;
}

/** The targets whose holds close a target: itself, and everything behind the gate. */
export const closedBy = (target: string): string[] => [...new Set([target, EVERYTHING])];

/**
 * The body of a request to an adapter. `generation` counts the changes of the target's holds and of those on `*`; one not
 * above the last it took for the target is ignored by the adapter.
 */
export interface AdapterState {
  gate: Gate;
  target: string;
  state: 'closed' | 'open';
  generation: number;
  /** On the target or on `*`: the first 20, oldest first. */
  holds: ToldHold[];
  hold_count: number;
  reason: string;
}

/** Why a request to an adapter did not end in its acknowledgement. */
export const SEND_ERRORS = [
  'refused',
  'redirected',
  'reply_malformed',
  'reply_too_large',
  'generation_mismatch',
  'timeout',
  'unreachable',
  'name_unresolved',
  'address_refused',
  'secret_unavailable',
  'child_not_running',
] as const;
export type SendError = (typeof SEND_ERRORS)[number];

/** What a request came to; `latency_ms` is measured from its dispatch to its answer. */
export type SendOutcome = { ok: true; latency_ms: number } | { ok: false; code: SendError };

export interface AdapterReply {
  status: number;
  body: string;
}

/** An acknowledgement is a 2xx with `{"generation": n}` of the very state that was sent. */
export function judgeReply({ status, body }: AdapterReply, generation: number): SendError | null {
  if (status >= 300 && status < 400) return 'redirected';
  if (status < 200 || status > 299) return 'refused';
  const given = generationIn(body);
  if (given === null) return 'reply_malformed';
  return given === generation ? null : 'generation_mismatch';
}

function generationIn(body: string): number | null {
  try {
    const value = JSON.parse(body) as { generation?: unknown } | null;
    const generation = typeof value === 'object' ? value?.generation : undefined;
    return Number.isSafeInteger(generation) ? (generation as number) : null;
  } catch {
    return null;
  }
}

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 30_000;

/** Milliseconds until the next attempt after `attempts` that failed: 0.2 s, doubled each time, at most 30 s. */
export const pauseMs = (attempts: number): number =>
  Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(attempts - 1, 16));

/** A gate and target that an adapter is told about one request at a time. */
export interface AdapterTarget {
  gate: Gate;
  target: string;
}

/** What `adapterSync` finds when it looks: what to send now, and when to look again (milliseconds, null: when poked). */
export interface AdapterLook {
  over: boolean;
  due: AdapterTarget[];
  trial: string | null;
  next_in_ms: number | null;
}
