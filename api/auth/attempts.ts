import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { networkOf } from '../../domain/egress/network.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import { createBuckets, PER_SOURCE, RateLimitedError } from './buckets.ts';
import type { BucketOptions } from './buckets.ts';
import { isProxied } from './loopback-trust.ts';
import type { AuthTrail } from './trail.ts';

/** Credentials that proved somebody lately, by their SHA-256. */
const MOST_PROVEN = 1_000;

export interface AttemptsOptions extends Partial<BucketOptions> {
  trail?: AuthTrail | undefined;
}

/** What of a request says where it came from and what it presents. */
interface Attempt {
  headers: IncomingHttpHeaders;
  socket: { remoteAddress?: string | undefined };
}

/**
 * A credential that is no token of ours: how it is told from another one, and of which kind it is. Failures of one kind
 * leave those of the others their room: an adapter that signs wrongly locks no person out.
 */
export interface Presented {
  kind: 'lease' | 'signature';
  as: string;
}

/**
 * Limits how often a source may present what proves nobody: ten different credentials at once, then one in 6 s, and each of
 * them as often again. Past that a credential is not even looked at, unless it proved somebody lately: it is judged as ever.
 * So guessing is slow, while the operators who share a proxy with whoever guesses go on working, and a client that keeps
 * sending a revoked token leaves room for the one that replaces it. The source is the address of the connection, for
 * whatever a header says of others is the sender's word; only that a proxy was in between is told apart, so that a flood
 * through it does not lock out who comes straight to this machine. Each process counts for itself.
 */
export function createAttempts({ trail, ...options }: AttemptsOptions = {}) {
  const sources = createBuckets({ ...PER_SOURCE, ...options });
  const repeats = createBuckets({ ...PER_SOURCE, ...options });
  const proven = new Set<string>();

  function prove(digest: string): void {
    proven.delete(digest);
    proven.add(digest);
    for (const oldest of proven) {
      if (proven.size <= MOST_PROVEN) break;
      proven.delete(oldest);
    }
  }

  /** What `judge` says of the request and of what it presents. Errors: auth_rate_limited, and those of `judge`. */
  return async <T>(req: Attempt, judge: () => Promise<T>, other?: Presented): Promise<T> => {
    const presented = other?.as ?? req.headers.authorization;
    // Who presents nothing guesses nothing.
    if (presented === undefined) return judge();
    const of = other === undefined ? '' : ` ${other.kind}`;
    const source = `${networkOf(req.socket.remoteAddress)}${isProxied(req.headers) ? ' by proxy' : ''}${of}`;
    // A name that a signature is for is no secret: it is proven for the source alone that proved it.
    const scope = other?.kind === 'signature' ? source : of;
    const digest = createHash('sha256').update(`${scope}\u0000${presented}`).digest('base64');
    const known = `${digest} ${source}`;
    const [buckets, key] = repeats.isUsed(known) ? [repeats, known] : [sources, source];
    const spends = !proven.has(digest);
    // Events come in bursts, and no signature is found by guessing: theirs are counted when they have failed.
    const ahead = other?.kind !== 'signature';
    if (spends && !(ahead ? buckets.take(key) : buckets.has(key))) {
      const detail = other === undefined ? {} : { detail: { presented: other.kind } };
      trail?.write({ code: 'auth_rate_limited', source: req.socket.remoteAddress ?? 'unknown', ...detail });
      throw new RateLimitedError('auth_rate_limited', buckets.retryAfterS(key));
    }
    try {
      const judged = await judge();
      prove(digest);
      if (spends && ahead) buckets.giveBack(key);
      return judged;
    } catch (error) {
      if (error instanceof DomainError && error.code === 'unauthenticated') {
        proven.delete(digest);
        if (spends && !ahead) buckets.take(key);
        if (buckets === sources || !spends) repeats.take(known);
      } else if (spends && ahead) buckets.giveBack(key);
      throw error;
    }
  };
}

export type Attempts = ReturnType<typeof createAttempts>;
