// A secret is named by where it is, `file:/path` or `env:NAME`; its value is in no request, row, entry or history.

export type SecretRef = { kind: 'file'; path: string } | { kind: 'env'; name: string };

/** Our own variables are configuration, and some hold credentials that no adapter is to prove knowledge of. */
const ENV = /^env:(?!INTERLOCK_)([A-Z_][A-Z0-9_]{0,127})$/;
const FILE = /^file:(\/[^\u0000-\u001f\u007f]{1,1023})$/;

/** The parsed reference, or null when it is none. */
export function parseSecretRef(text: string): SecretRef | null {
  const name = ENV.exec(text)?.[1];
  if (name !== undefined) return { kind: 'env', name };
  const path = FILE.exec(text)?.[1];
  return path === undefined || path.split('/').includes('..') ? null : { kind: 'file', path };
}
