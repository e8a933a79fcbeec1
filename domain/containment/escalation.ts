// Enough reports of a class within its sliding window raise the severity, at the report that crosses and at each after it.
import type { EscalationRule } from './policy.ts';

/** A report that counted: the incident it became or was folded into, and when (RFC 3339). */
export interface WindowEvent {
  incident_id: string;
  at: string;
}

export interface WindowVerdict {
  /** With the report being judged the window holds at least `count`. */
  crossed: boolean;
  /** Incidents of the window, each once, to be raised with the report; none unless crossed. */
  raise: string[];
  /** Events still inside the window, in order. */
  live: WindowEvent[];
}

/**
 * Judges a report at `now` against the last `count` − 1 events of its workspace and class. An event exactly
 * `window_seconds` old still counts; so does one that the clock, set back, shows in the future.
 */
export function judgeWindow(
  rule: EscalationRule | undefined,
  events: readonly WindowEvent[],
  now: string,
): WindowVerdict {
  if (rule === undefined) return { crossed: false, raise: [], live: [] };
  const oldest = Date.parse(now) - rule.window_seconds * 1000;
  const live = events.filter((event) => Date.parse(event.at) >= oldest);
  const crossed = live.length + 1 >= rule.count;
  return { crossed, raise: crossed ? [...new Set(live.map((event) => event.incident_id))] : [], live };
}

/** The row to keep: no more than the last `count` − 1 events can make the next report cross. */
export function nextWindow(
  rule: EscalationRule | undefined,
  live: readonly WindowEvent[],
  event: WindowEvent,
): WindowEvent[] {
  return rule === undefined ? [] : [...live, event].slice(1 - rule.count);
}
