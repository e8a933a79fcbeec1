// A user is a word without spaces; the names under which the instance itself acts are nobody's to claim.

export const USER = /^[\x21-\x7e]{1,128}$/;

/** Actors of the record that are no people. */
export const ITSELF: readonly string[] = [
  'system',
  'anyone',
  'unauthenticated',
  'adapterSync',
  'adapterChildren',
  'adapter-events',
  'delivery',
  'export-approval',
  'export-worker',
  'histories',
  'reconcile',
  'recovery-ceremony',
  'severity-escalation',
  'token-rotation',
  'upstreams',
  'vault',
];

/** What stands before the names of adapters, of pipelines and of whoever acts on the host: each of them is proven otherwise. */
const PREFIXES = ['adapter:', 'oidc:', 'offline:'];

export const isUser = (name: string): boolean =>
  USER.test(name) && !ITSELF.includes(name) && !PREFIXES.some((prefix) => name.startsWith(prefix));

/** Whom a file or the machine itself stands for. */
const OF_THE_HOST: readonly string[] = ['local-operator', 'admin-token', 'readonly-token'];

/** Whether this is the one person of loopback trust, who is on both sides of what takes two. */
export const isEverybody = (actor: string): boolean => actor === 'local-operator';

/** Whether a token on record may speak for `name`. */
export const isTokenUser = (name: string): boolean => isUser(name) && !OF_THE_HOST.includes(name);
