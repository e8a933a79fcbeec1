// A child is heard as often as it has reason to speak; whatever it says beyond that costs nobody anything.

/** Lines of a kind that are heard in each interval: a child that lives says so a few times a minute. */
export const HEARD_PER_INTERVAL = 20;
/** Milliseconds. */
export const INTERVAL_MS = 10_000;

export interface Allowance {
  /** When the interval began; milliseconds of a clock that does not go back. */
  since: number;
  heard: number;
  /** Of this interval, and of the whole run. */
  ignored: number;
  ignored_ever: number;
}

export const fullAllowance = (now: number): Allowance => ({ since: now, heard: 0, ignored: 0, ignored_ever: 0 });

/** What one more line at `now` leaves of the allowance: it was heard where `heard` grew, ignored where `ignored` did. */
export function afterLine(before: Allowance, now: number): Allowance {
  const { since, ignored_ever } = before;
  const current = now - since < INTERVAL_MS ? before : { since: now, heard: 0, ignored: 0, ignored_ever };
  return current.heard < HEARD_PER_INTERVAL
    ? { ...current, heard: current.heard + 1 }
    : { ...current, ignored: current.ignored + 1, ignored_ever: ignored_ever + 1 };
}
