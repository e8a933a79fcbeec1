// Debug capture is off unless a window is open: `full` needs a ticket, lasts half an hour at most and closes itself.

export const DEBUG_LEVELS = ['off', 'errors', 'full'] as const;
export type DebugLevel = (typeof DEBUG_LEVELS)[number];
export type CaptureLevel = Exclude<DebugLevel, 'off'>;

export const CAPTURE_SOURCES = ['api', 'adapter', 'upstream'] as const;
export type CaptureSource = (typeof CAPTURE_SOURCES)[number];

/** Seconds a window may be open. What goes wrong may take a day to show; everything is only looked at by somebody present. */
export const LONGEST_WINDOW: Record<CaptureLevel, number> = { errors: 24 * 3600, full: 30 * 60 };
export const SHORTEST_WINDOW = 1;

/** Seconds that a capture is kept, counted from its exchange. */
export const CAPTURE_TTL = 24 * 3600;

export interface WindowRequest {
  level: CaptureLevel;
  seconds: number;
  ticket: string | null;
}

/** What a window may not be: the field and its code, or null. */
export function windowProblem({ level, seconds, ticket }: WindowRequest): { path: string; code: string } | null {
  if (!Number.isInteger(seconds) || seconds < SHORTEST_WINDOW || seconds > LONGEST_WINDOW[level])
    return { path: 'for_seconds', code: 'invalid_value' };
  return level === 'full' && ticket === null ? { path: 'ticket', code: 'required' } : null;
}

/** Whether an exchange is kept at a level: at `errors` an answer from 400 on, none at all, and one that would not do. */
export const keeps = (
  level: CaptureLevel,
  { status, failure }: { status: number | null; failure: string | null },
): boolean => level === 'full' || status === null || status >= 400 || failure !== null;

export interface OpenWindow {
  level: CaptureLevel;
  ticket: string | null;
  opened_at: string;
}

/**
 * The signal `debug_capture`: `full` without a ticket warns, `full` for longer than it may be pages. The record lets neither
 * come to be; whoever went around it is seen here.
 */
export function debugSignal(
  open: OpenWindow | null,
  now: string,
): { level: 'ok' | 'warn' | 'page'; since: string | null } {
  if (open?.level !== 'full') return { level: 'ok', since: null };
  const late = Date.parse(open.opened_at) + LONGEST_WINDOW.full * 1000;
  if (Date.parse(now) > late) return { level: 'page', since: new Date(late).toISOString() };
  return open.ticket === null ? { level: 'warn', since: open.opened_at } : { level: 'ok', since: null };
}
