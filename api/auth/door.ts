import type { IncomingMessage, ServerResponse } from 'node:http';
import { networkOf } from '../../domain/egress/network.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import { sourceOf } from './authenticate.ts';
import type { Authentication } from './authenticate.ts';
import { isOurHost, isOwnOrigin, parseAuthority } from './authority.ts';
import { createBuckets, PER_SOURCE, RateLimitedError } from './buckets.ts';
import { answerPreflight, isPreflight, shareWith } from './cors.ts';
import { isConsoleAsking, requireDirectLoopback } from './loopback-trust.ts';

/**
 * The door of every port, before any route: true where the request may go on, false where it was a preflight and has its
 * answer. In loopback trust it is `requireDirectLoopback`, but for the codec server of the engine's console. With tokens the Host has to be ours, and the Origin, where a
 * browser sends one, our own or on the list. Refusals are written to the auth trail. Errors: proxied_without_auth,
 * forbidden_host, forbidden_origin, cors_origin_rate_limited.
 */
export function createDoor(auth: Authentication): (req: IncomingMessage, res: ServerResponse) => boolean {
  const { loopbackTrust, trail, allowedHosts = [], corsOrigins = [], consoleOrigins = [] } = auth;
  const allowed = allowedHosts.map(parseAuthority).filter((host) => host !== undefined);
  const strangers = createBuckets(PER_SOURCE);

  function check(req: IncomingMessage, res: ServerResponse): boolean {
    if (loopbackTrust) {
      if (!isConsoleAsking(req, consoleOrigins)) {
        requireDirectLoopback(req);
        return true;
      }
      res.setHeader('Vary', 'Origin');
      shareWith(req.headers.origin ?? '', res);
      return forwarded(req, res);
    }
    const host = parseAuthority(req.headers.host);
    const named = req.headersDistinct['host']?.length === 1;
    if (!named || host === undefined || !isOurHost(host, allowed, req.socket.localAddress))
      throw new DomainError('forbidden_host');
    res.setHeader('Vary', 'Origin');
    const { origin } = req.headers;
    if (origin === undefined || isOwnOrigin(origin, host)) return true;
    if (!corsOrigins.includes(origin)) throw strangeOrigin(req);
    shareWith(origin, res);
    return forwarded(req, res);
  }

  function forwarded(req: IncomingMessage, res: ServerResponse): boolean {
    if (!isPreflight(req)) return true;
    answerPreflight(res);
    return false;
  }

  function strangeOrigin(req: IncomingMessage): DomainError {
    const source = networkOf(req.socket.remoteAddress);
    if (strangers.take(source)) return new DomainError('forbidden_origin');
    return new RateLimitedError('cors_origin_rate_limited', strangers.retryAfterS(source));
  }

  return (req, res) => {
    try {
      return check(req, res);
    } catch (error) {
      if (error instanceof DomainError)
        trail?.write({ code: error.code, source: sourceOf(req), detail: detailOf(req) });
      throw error;
    }
  };
}

/** What the request said of itself; where it was for is no secret, and its path may hold one. */
const detailOf = ({ headers }: IncomingMessage) => ({ host: headers.host ?? null, origin: headers.origin ?? null });
