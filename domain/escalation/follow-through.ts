// A crossing is followed through: alert, remind every 4 hours while members are unresolved, close after one quiet window.
const REMIND_EVERY_MS = 4 * 3_600_000;

/** The record of an escalation; times are RFC 3339 UTC. */
export interface Escalation {
  opened_at: string;
  /** The window of the policy it was opened under: a reload does not change what is already open. */
  window_seconds: number;
  /** The last report of the class, whether or not it crossed. */
  last_event_at: string;
  alerted_at: string | null;
  reminded_at: string | null;
  closed_at: string | null;
}

export type EscalationStep = 'alert' | 'remind' | 'close';

/** `step`: what is due now; with `null`, `at` is when to look again. */
export type EscalationVerdict = { step: EscalationStep } | { step: null; at: string } | { step: 'over' };

/**
 * What is due at `now`, one step at a time: nothing closes that nobody was alerted to. An event exactly one window old
 * still belongs to it, as it would still count in it.
 */
export function followThrough(e: Escalation, unresolved: number, now: string): EscalationVerdict {
  if (e.closed_at !== null) return { step: 'over' };
  if (e.alerted_at === null) return { step: 'alert' };
  const at = Date.parse(now);
  const quietAfter = Date.parse(e.last_event_at) + e.window_seconds * 1000;
  if (at > quietAfter) return { step: 'close' };
  const remindAt = nextReminder(e, at);
  if (unresolved > 0 && at >= remindAt) return { step: 'remind' };
  const again = unresolved > 0 ? Math.min(quietAfter + 1, remindAt) : quietAfter + 1;
  return { step: null, at: new Date(again).toISOString() };
}

/** Reminders that came due while nobody could send them are one: the latest. */
function nextReminder(e: Escalation, now: number): number {
  const opened = Date.parse(e.opened_at);
  const periods = (t: number): number => Math.max(0, Math.floor((t - opened) / REMIND_EVERY_MS));
  const sent = e.reminded_at === null ? 0 : periods(Date.parse(e.reminded_at));
  return opened + Math.max(sent + 1, periods(now)) * REMIND_EVERY_MS;
}
