// A secret that strayed into a record leaves with nobody: whatever looks like one is replaced, also inside encoded payloads.
import { StrictJsonError } from '../json/error.ts';
import { decodeUtf8Strict } from '../json/utf8.ts';
import { fromBase64, toBase64 } from '../signing/base64.ts';

export const REDACTED = '[redacted]';

const NAMES =
  'password|passwd|passphrase|secret|token|api[_-]?key|private[_-]?key|signing[_-]?key|access[_-]?key|credentials?';
/** Headers whose value is more than one word. */
const HEADERS = 'authorization|cookie';

/** Members that are secret by their name; `secret_ref` is not, for it only says where one is. */
const SECRET_NAME = new RegExp(`(?:${NAMES}|${HEADERS})$`, 'i');

/** What status says instead of a secret. */
const STATES: readonly string[] = ['set', 'missing', 'present', 'absent', 'none', REDACTED];
/** The same where a sentence ends behind it. */
const STATE = /^(?:set|missing|present|absent|none|\[redacted\])[).]?$/;

/** Each pattern with what stays of a match: whoever reads on still sees that there was one. */
const PATTERNS: readonly (readonly [pattern: RegExp, kept: (match: string) => string])[] = [
  [/-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----|$)/g, () => REDACTED],
  [/\beyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{2,}\.[A-Za-z0-9_-]*/g, () => REDACTED],
  [/whsec_[A-Za-z0-9+/=_-]+/g, () => REDACTED],
  [/il(?:k|se)_[A-Za-z0-9._~+/=-]+/g, () => REDACTED],
  [
    new RegExp(`(?:${HEADERS})["']?\\s{0,8}[=:]\\s{0,8}["']?[^\\n\\r"']+`, 'gi'),
    (match) => `${/^[a-z-]+/i.exec(match)?.[0] ?? ''}: ${REDACTED}`,
  ],
  [/\bBearer\s+[A-Za-z0-9._~+/=-]{8,}/gi, () => `Bearer ${REDACTED}`],
  [/:\/\/[^\s/@:]{0,256}:[^\s/@]{1,256}@/g, () => `://${REDACTED}@`],
  [
    new RegExp(`(?:${NAMES})["']?\\s{0,8}[=:]\\s{0,8}(?:"[^"\\n]*"|'[^'\\n]*'|[^\\s,;&"']+)`, 'gi'),
    (match) => {
      const [, name = '', value = ''] = /^([^=:]*[=:]\s*)([\s\S]*)$/.exec(match) ?? [];
      return STATE.test(value.replace(/^["']|["']$/g, '')) ? match : `${name}${REDACTED}`;
    },
  ],
];

export interface Redacted<T> {
  value: T;
  /** How many secrets were replaced. */
  count: number;
}

/** Text without what looks like a secret. */
export function redactText(text: string): Redacted<string> {
  let count = 0;
  const value = PATTERNS.reduce(
    (rest, [pattern, kept]) =>
      rest.replace(pattern, (match) => {
        const left = kept(match);
        if (left !== match) count += 1;
        return left;
      }),
    text,
  );
  return { value, count };
}

/** A plain JSON value without what looks like a secret or is called one; payloads that are encoded JSON are looked into. */
export function redactJson(value: unknown): Redacted<unknown> {
  const tally = { count: 0 };
  return { value: walk(value, false, tally), count: tally.count };
}

function walk(value: unknown, secret: boolean, tally: { count: number }): unknown {
  if (typeof value === 'string') return textOf(value, secret, tally);
  if (Array.isArray(value)) return value.map((item) => walk(item, secret, tally));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      name === 'data' && 'metadata' in value && typeof member === 'string'
        ? payload(member, tally)
        : walk(member, SECRET_NAME.test(name), tally),
    ]),
  );
}

function textOf(text: string, secret: boolean, tally: { count: number }): string {
  if (secret && text !== '' && !STATES.includes(text)) {
    tally.count += 1;
    return REDACTED;
  }
  const { value, count } = redactText(text);
  tally.count += count;
  return value;
}

/** What Temporal carries is base64 of JSON unless a codec encrypted it: then nothing in it can be read, nor looked for. */
function payload(data: string, tally: { count: number }): string {
  const bytes = fromBase64(data);
  if (bytes === null) return textOf(data, false, tally);
  const inner = { count: 0 };
  let redacted: string;
  try {
    const text = decodeUtf8Strict(bytes);
    redacted = asJson(text, inner) ?? textOf(text, false, inner);
  } catch (error) {
    if (error instanceof StrictJsonError) return data;
    throw error;
  }
  if (inner.count === 0) return data;
  tally.count += inner.count;
  return toBase64(new TextEncoder().encode(redacted));
}

function asJson(text: string, tally: { count: number }): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return JSON.stringify(walk(value, false, tally));
}
