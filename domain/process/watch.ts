// A watch looks at every interval; while nothing is known yet it looks again sooner, but not for ever.
import type { DecisionCaller } from './decision.ts';

const SOON_MS = 2_000;
const SOON_AT_MOST = 10;

/** Files are read whole, a quote costs milliseconds: they are looked at half as often. */
export const checkIntervalMs = (intervalMs: number): number => 2 * intervalMs;

/** Milliseconds until the next look. `awaited`: nobody has seen the subject since the last start. */
export function nextLookMs(intervalMs: number, { awaited, missed }: { awaited: boolean; missed: number }): number {
  return awaited && missed > 0 && missed <= SOON_AT_MOST ? Math.min(SOON_MS, intervalMs) : intervalMs;
}

/** What a person decided about a watched node or baseline; `caller` null: it came past our doors. */
export interface WatchDecision {
  decision_id: string;
  caller: DecisionCaller | null;
  /** Tells a retry from another request under the same id; null: the request itself is digested. */
  request_digest: string | null;
  reason: string;
  ticket: string | null;
  /** Digest of what the person has looked at; null: they did not say. */
  reviewed: string | null;
}

export interface ReferenceApproval extends WatchDecision {
  node: string;
  pcr: number;
}

/** `observed` is what the attester found: of any shape. */
export interface BaselineApproval extends WatchDecision {
  baseline: string;
  observed: unknown;
}

/** `version` is the signed version that is in force from now on. */
export type ApprovalOutcome = { ok: true; version: number } | { ok: false; code: string };
