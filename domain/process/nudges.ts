// A ceremony that waits reminds its operators after 4 hours, pages them after 24, and then once a day; it never gives up.
const HOUR_MS = 3_600_000;

export const REMINDER_AFTER_MS = 4 * HOUR_MS;
export const PAGE_EVERY_MS = 24 * HOUR_MS;

export type NudgeKind = 'reminder' | 'page';

/** `n` counts from 0; `at` is RFC 3339 UTC. */
export interface Nudge {
  n: number;
  kind: NudgeKind;
  at: string;
}

/** Milliseconds after `required_after` of the n-th nudge: 4 h, 24 h, 48 h, 72 h, … */
const afterMs = (n: number): number => (n === 0 ? REMINDER_AFTER_MS : n * PAGE_EVERY_MS);

function nudge(n: number, requiredAfter: string): Nudge {
  const at = new Date(Date.parse(requiredAfter) + afterMs(n)).toISOString();
  return { n, kind: n === 0 ? 'reminder' : 'page', at };
}

/** How many nudges have come due `elapsed` milliseconds after `required_after`. */
const dueCount = (elapsed: number): number =>
  elapsed < REMINDER_AFTER_MS ? 0 : 1 + Math.floor(elapsed / PAGE_EVERY_MS);

/**
 * The nudge that follows the last one. Those that came due while nobody could send them are skipped except the latest:
 * an outage of three days ends in one page.
 */
export function nextNudge(requiredAfter: string, lastNudgeAt: string | null, now: string): Nudge {
  const since = Date.parse(requiredAfter);
  const sent = lastNudgeAt === null ? 0 : dueCount(Date.parse(lastNudgeAt) - since);
  const due = dueCount(Date.parse(now) - since);
  return nudge(Math.max(sent, due - 1), requiredAfter);
}

/** The nudge to send at `now`, or null when none is due yet. */
export function dueNudge(requiredAfter: string, lastNudgeAt: string | null, now: string): Nudge | null {
  const next = nextNudge(requiredAfter, lastNudgeAt, now);
  return Date.parse(next.at) <= Date.parse(now) ? next : null;
}
