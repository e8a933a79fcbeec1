// A limiter that refuses again warns; one that goes on refusing pages, and no pause shorter than its window is an end.
import type { LimitThresholds, SignalState } from './thresholds.ts';

/** Refusals of one minute, which is its beginning in RFC 3339. */
export interface RefusalMinute {
  minute: string;
  n: number;
}

const MINUTE = 60_000;
export const OK: SignalState = { level: 'ok', since: null };

/**
 * What the refusals of a limiter say at `now` (RFC 3339): `warn` where there were enough of them within the window, `page`
 * where they have gone on for longer than may be, without a pause as long as the window. `minutes` ascend.
 */
export function limitSignal(
  minutes: readonly RefusalMinute[],
  { warn, page }: LimitThresholds,
  now: string,
): SignalState {
  const window = warn.within_minutes * MINUTE;
  const at = Date.parse(now);
  const recent = minutes.filter(({ minute }) => Date.parse(minute) + MINUTE > at - window);
  const [first] = recent;
  if (first === undefined || recent.reduce((sum, { n }) => sum + n, 0) < warn.refusals) return OK;
  const began = runStart(minutes, window);
  const late = began + page.sustained_minutes * MINUTE;
  return at >= late
    ? { level: 'page', since: new Date(late).toISOString() }
    : { level: 'warn', since: new Date(began).toISOString() };
}

/** Where the run that the last minute belongs to began. */
function runStart(minutes: readonly RefusalMinute[], window: number): number {
  let began = Number.NaN;
  for (const { minute } of minutes.toReversed()) {
    const at = Date.parse(minute);
    if (began - at > window) break;
    began = at;
  }
  return began;
}
