// What a capture may hold: never a route of secrets, only bodies that could be read as JSON, without what looks like a secret.
import { REDACTED, redactJson } from '../evidence/redact.ts';

/** UTF-8 bytes of each body that is kept. */
export const BODY_KEPT = 64 * 1024;
/** A body beyond this is not even looked through: that would hold up whoever asks next. */
export const BODY_READ = 256 * 1024;

/** Actions whose bodies carry secrets, plain histories or captures; and the switch itself, which would ask before it is set. */
const NEVER = ['secret', 'lease', 'token', 'history', 'forensic', 'key', 'upstream', 'debug', 'runtime'];

/** Whether exchanges of a route with this action may be captured at all; an open route has nobody to capture for. */
export const capturable = (action: string): boolean =>
  action !== 'open' && !NEVER.includes(action.split('.', 1)[0] ?? '');

/** `withheld`: of an exchange of credentials, or a credential stood in it. */
export type Omitted = 'empty' | 'not_json' | 'too_large' | 'withheld';

/** A body as it is kept. `truncated`: only its beginning is. */
export interface KeptBody {
  text: string | null;
  omitted: Omitted | null;
  truncated: boolean;
  redacted: number;
}

const omitted = (why: Omitted): KeptBody => ({ text: null, omitted: why, truncated: false, redacted: 0 });

/** Names of members whose hex is no secret. */
const DIGEST = /(?:hash|digest|sha256|root|nonce|id)$/i;
const HEX = /^(?:[0-9a-f]{2}){16,}$/i;
/** One word that mixes cases and digits as random bytes do. */
const OPAQUE = /[A-Za-z0-9_+/=~-]{20,}/g;
const mixed = (word: string): boolean => /[a-z]/.test(word) && /[A-Z]/.test(word) && /\d/.test(word);
const OWN_TOKEN = /\bil[a-z]{1,3}_[A-Za-z0-9._~+/=-]{8,}/g;

/**
 * A body that was read as JSON, redacted as a whole before it is cut: a secret that a cut left half of would look like none.
 * Undefined: it could not be read, and nothing of it is kept.
 */
export function keptBody(value: unknown, bytes: number, withheld = false): KeptBody {
  if (withheld) return omitted('withheld');
  if (bytes === 0) return omitted('empty');
  if (bytes > BODY_READ) return omitted('too_large');
  if (value === undefined) return omitted('not_json');
  const known = redactJson(value);
  const tally = { count: known.count };
  const text = JSON.stringify(opaque(known.value, '', tally));
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(BODY_KEPT));
  return { text: text.slice(0, read), omitted: null, truncated: read < text.length, redacted: tally.count };
}

/** Text of its own, as in a path or a query, without what looks like a secret. */
export const keptText = (text: string): string => String(opaque(redactJson(text).value, '', { count: 0 }));

function opaque(value: unknown, name: string, tally: { count: number }): unknown {
  if (typeof value === 'string') return withoutTokens(value, name, tally);
  if (Array.isArray(value)) return value.map((item) => opaque(item, name, tally));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, opaque(member, key, tally)]));
}

function withoutTokens(text: string, name: string, tally: { count: number }): string {
  const replaced = (): string => {
    tally.count += 1;
    return REDACTED;
  };
  if (HEX.test(text) && !DIGEST.test(name)) return replaced();
  return text.replace(OWN_TOKEN, replaced).replace(OPAQUE, (word) => (mixed(word) ? replaced() : word));
}
