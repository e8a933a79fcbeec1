import type { Since } from '../db/read/audit.ts';
import { invalidFields } from './fields.ts';

/** RFC 3339 §5.6. */
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;
/** Years that the database reads as they are meant, in whatever zone. */
const [FIRST, LAST] = [Date.UTC(1000, 0, 1), Date.UTC(9999, 0, 1)];

const AGO = /^([1-9]\d{0,3})([smhdw])$/;
const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** A time of the query: RFC 3339, or `7d`, `12h`, `30m`, `45s`, `2w` before now. Errors: validation_failed. */
export function readSince(value: string | undefined, path: string): Since | undefined {
  if (value === undefined) return undefined;
  const [, n, unit] = AGO.exec(value) ?? [];
  if (n !== undefined) return { seconds_ago: Number(n) * SECONDS[unit as keyof typeof SECONDS] };
  const ms = INSTANT.test(value) ? Date.parse(value) : NaN;
  if (!(ms >= FIRST && ms < LAST)) return invalidFields({ path, code: 'invalid_value' });
  return { at: new Date(ms).toISOString() };
}
