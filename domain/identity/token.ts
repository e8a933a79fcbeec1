// A token is 32 random bytes and a checksum; only its SHA-256 is kept, so nobody but its holder can say it again.
import { toHex } from '../canonical/hash.ts';
import type { Sha256 } from '../canonical/hash.ts';
import type { IncidentClass } from '../containment/types.ts';
import type { Role } from './roles.ts';

const FORM = /^(ilk_[A-Za-z0-9_-]{43})([0-9a-f]{8})$/;
const utf8 = new TextEncoder();

const checksum = (body: string, sha256: Sha256): string => toHex(sha256(utf8.encode(body)).subarray(0, 4));

/** The text of a token: `ilk_`, its 32 bytes as `random` in base64url without padding, and eight digits of checksum. */
export function tokenText(random: string, sha256: Sha256): string {
  const text = `ilk_${random}${checksum(`ilk_${random}`, sha256)}`;
  if (!FORM.test(text)) throw new Error('a token is made of 32 bytes');
  return text;
}

/** Whether `text` may be a token of ours: what was mistyped or invented is told apart without asking the record. */
export function isTokenText(text: string, sha256: Sha256): boolean {
  const [, body = '', sum] = FORM.exec(text) ?? [];
  return sum !== undefined && checksum(body, sha256) === sum;
}

/** What a token allows and for how long. Lifetimes are in seconds. */
export interface TokenTerms {
  user_id: string;
  roles: readonly Role[];
  label: string | null;
  report_source: string | null;
  report_classes: readonly IncidentClass[] | null;
  lifetime: number;
}

/** A token as it stands on record. `actor` issued it, `user_id` is whom it speaks for. Times are RFC 3339 UTC. */
export interface TokenRecord {
  workspace_id: string;
  /** Hex. */
  token_sha256: string;
  user_id: string;
  roles: Role[];
  label: string | null;
  report_source: string | null;
  report_classes: IncidentClass[] | null;
  created_at: string;
  not_after: string;
  disabled: 0 | 1;
  disabled_at: string | null;
  disabled_by: string | null;
  /** By the database's clock. */
  state: 'active' | 'expired' | 'disabled';
  actor: string;
}

/** A token as its readers see it. */
export const tokenView = (t: TokenRecord) => ({
  token_sha256: t.token_sha256,
  user: t.user_id,
  roles: t.roles,
  workspace_id: t.workspace_id,
  label: t.label,
  source: t.report_source,
  classes: t.report_classes,
  state: t.state,
  created_at: t.created_at,
  not_after: t.not_after,
  issued_by: t.actor,
  disabled_at: t.disabled_at,
  disabled_by: t.disabled_by,
});

export type TokenView = ReturnType<typeof tokenView>;

const DAY = 86_400;
export const LIFETIME = { min: 60, default: 90 * DAY, max: 366 * DAY } as const;

const UNITS: Readonly<Record<string, number>> = { m: 60, h: 3600, d: DAY };

/** Seconds in `45m`, `12h` or `30d`; undefined for another form, and outside of what a token may live. */
export function readLifetime(text: string): number | undefined {
  const [, count, unit = ''] = /^([1-9]\d{0,6})([mhd])$/.exec(text) ?? [];
  const seconds = Number(count) * (UNITS[unit] ?? NaN);
  return seconds >= LIFETIME.min && seconds <= LIFETIME.max ? seconds : undefined;
}
