import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { networkOf } from '../../domain/egress/network.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import { createBuckets, PER_SOURCE, RateLimitedError } from './buckets.ts';
import type { BucketOptions } from './buckets.ts';
import { isProxied } from './loopback-trust.ts';
import type { Principal } from './principal.ts';
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
 * Limits how often a source may present what proves nobody: 10 at once, then one in 6 s. Past that a credential is not even
 * looked at, unless it proved somebody lately: it is judged as ever. So guessing is slow, while the operators who share a
 * proxy with whoever guesses go on working. The source is the address of the connection, for whatever a header says of
 * others is the sender's word; only that a proxy was in between is told apart, so that a flood through it does not lock out
 * who comes straight from this machine.
 */
export function createAttempts({ trail, ...options }: AttemptsOptions = {}) {
  const buckets = createBuckets({ ...PER_SOURCE, ...options });
  const proven = new Set<string>();

  function prove(digest: string): void {
    proven.delete(digest);
    proven.add(digest);
    for (const oldest of proven) {
      if (proven.size <= MOST_PROVEN) break;
      proven.delete(oldest);
    }
  }

  /** What `judge` says of the request. Errors: auth_rate_limited, and those of `judge`. */
  return async (req: Attempt, judge: () => Promise<Principal>): Promise<Principal> => {
    const { authorization } = req.headers;
    // Who presents nothing guesses nothing.
    if (authorization === undefined) return judge();
    const source = `${networkOf(req.socket.remoteAddress)}${isProxied(req.headers) ? ' by proxy' : ''}`;
    const digest = createHash('sha256').update(authorization).digest('base64');
    const taken = buckets.take(source);
    if (!taken && !proven.has(digest)) {
      trail?.write({ code: 'auth_rate_limited', source: req.socket.remoteAddress ?? 'unknown' });
      throw new RateLimitedError('auth_rate_limited', buckets.retryAfterS(source));
    }
    try {
      const principal = await judge();
      prove(digest);
      if (taken) buckets.giveBack(source);
      return principal;
    } catch (error) {
      const refused = error instanceof DomainError && error.code === 'unauthenticated';
      if (refused) proven.delete(digest);
      else if (taken) buckets.giveBack(source);
      throw error;
    }
  };
}

export type Attempts = ReturnType<typeof createAttempts>;
