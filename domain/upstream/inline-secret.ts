// A reviewed file names credentials by where they are: a value of one, wherever it stands in the file, is refused with its place.
import { childPath } from '../json/path.ts';
import type { FieldProblem } from '../problem/field-problem.ts';

/** Names under which credentials are kept. Names of places (`auth_ref`, `token_endpoint`) do not end so. */
const SECRET_NAME =
  /(^|[_-])(api[_-]?keys?|keys?|(access|refresh|bearer|auth|id)?[_-]?tokens?|passw(or)?d|passphrase|secrets?|credentials?|authorization|cookie|signature|sig|bearer)$/i;

/** What credentials of well-known makers look like, and schemes that carry one. */
const SECRET_VALUE =
  /^(bearer|basic)\s+\S|-----BEGIN|(^|[^A-Za-z0-9])(sk-[A-Za-z0-9_-]{16,}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_|AKIA[0-9A-Z]{16}|xox[abeprs]-|whsec_[A-Za-z0-9+/=]{8,}|AIza[0-9A-Za-z_-]{30,}|eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{4,}\.)/i;

/** Endpoints whose path is the credential. */
const SECRET_PATH =
  /^https?:\/\/(hooks\.slack\.com\/(services|workflows)|[^/]*\.webhook\.office\.com|discord(app)?\.com\/api\/webhooks)\//i;

const DEEPEST = 16;

/** Every place of a plain value at which a credential seems to stand; values are never repeated. */
export function inlineSecrets(value: unknown, path = '', depth = 0): FieldProblem[] {
  if (depth > DEEPEST) return [{ path, code: 'too_deep' }];
  if (typeof value === 'string') return looksSecret(value) ? [{ path, code: 'inline_secret' }] : [];
  if (Array.isArray(value)) return value.flatMap((item, i) => inlineSecrets(item, childPath(path, i), depth + 1));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => {
    const place = childPath(path, looksSecret(key) ? '…' : key);
    return (SECRET_NAME.test(key) && !isCount(key, member)) || looksSecret(key)
      ? [{ path: place, code: 'inline_secret' }]
      : inlineSecrets(member, place, depth + 1);
  });
}

/** `max_tokens: 16` says how many; a number under any other such name may well be a password. */
const isCount = (key: string, value: unknown): boolean => typeof value === 'number' && /tokens$/i.test(key);

const looksSecret = (text: string): boolean =>
  SECRET_VALUE.test(text) || SECRET_PATH.test(text) || urlCarriesSecret(text);

/** Of a URL or a path: credentials before the host, or under a telling name in the query or the fragment. */
function urlCarriesSecret(text: string): boolean {
  if (/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*@/i.test(text)) return true;
  if (!/^([a-z][a-z0-9+.-]*:\/\/|\/)/i.test(text)) return false;
  const [, ...parts] = text.split(/[?#&;]/);
  return parts.some((part) => SECRET_NAME.test(decoded(part.split('=')[0] ?? '')));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
