import { UsageError } from './errors.ts';

const UNITS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Seconds of `90s`, `30m`, `24h` or `7d`. Throws `UsageError` for anything else. */
export function durationSeconds(text: string, flag: string, command: string): number {
  const match = /^(\d{1,6})([smhd])$/.exec(text);
  const unit = UNITS[match?.[2] ?? ''];
  if (match === null || unit === undefined)
    throw new UsageError(`--${flag} takes a duration: 90s, 30m, 24h or 7d`, command);
  return Number(match[1]) * unit;
}
