import type { Upstream } from '../../domain/upstream/definition.ts';
import type { Heard, HeardBody } from '../egress/heard.ts';

/** Takes what went out and came back, to be captured. */
export type Hear = (upstream: Upstream) => ((heard: Heard) => void) | undefined;

/** A conversation with an upstream, which is told when what came of it is known. */
export interface Hearing {
  /** For `guardedFetch`: empty while nobody listens. */
  options: { hear?: (heard: Heard) => void };
  /** Tells it. `code`: why it would not do, though there was an answer. */
  tell: (code: string | null) => void;
}

/**
 * `credentials` are headers with what must not be kept: a body in which one of them stands is withheld as a whole, for what
 * the other side echoes looks like anything. `all`: every body is withheld, as what is said is credentials.
 */
export function hearing(
  hear: Hear | undefined,
  upstream: Upstream,
  credentials: Record<string, string> | 'all',
): Hearing {
  const taken = hear?.(upstream);
  if (taken === undefined) return { options: {}, tell: () => undefined };
  const secrets = credentials === 'all' ? [] : Object.values(credentials).flatMap(formsOf);
  const safe = (body: HeardBody): HeardBody => {
    const { text, bytes } = body;
    const said =
      (credentials === 'all' && bytes > 0) || (text !== null && secrets.some((secret) => text.includes(secret)));
    return said ? { text: null, bytes, withheld: true } : body;
  };
  const heard: Heard[] = [];
  return {
    options: { hear: (one) => heard.push(one) },
    tell: (code) => {
      for (const { request, response, ...one } of heard.splice(0))
        taken({ ...one, failure: one.failure ?? code, request: safe(request), response: safe(response) });
    },
  };
}

/** How a credential may stand in a body: as it is, within JSON, and what Basic encodes. */
function formsOf(header: string): string[] {
  const [, scheme, rest] = /^(Bearer|Basic) (.+)$/.exec(header) ?? [];
  const value = rest ?? header;
  const plain = scheme === 'Basic' ? Buffer.from(value, 'base64').toString('utf8') : value;
  return [...new Set([value, plain, JSON.stringify(plain).slice(1, -1)])].filter((form) => form !== '');
}
