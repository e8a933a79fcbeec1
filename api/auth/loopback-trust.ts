import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { isLoopback } from '../../config/loopback.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import { parseAuthority } from './authority.ts';

const PROXY_HEADERS = ['forwarded', 'via', 'x-real-ip'];

/** Whether a proxy says that it passed the request on; that there was none, only its absence says. */
export const isProxied = (headers: IncomingHttpHeaders): boolean =>
  PROXY_HEADERS.some((name) => name in headers) || Object.keys(headers).some((n) => n.startsWith('x-forwarded-'));

/**
 * Refuses what did not come straight from this machine: in loopback trust the connection is the only credential, and a
 * proxy or a web page would lend it to strangers. Errors: proxied_without_auth, forbidden_host, forbidden_origin.
 */
export function requireDirectLoopback(req: IncomingMessage): void {
  const { headers, socket } = req;
  const site = headers['sec-fetch-site'];
  if (isProxied(headers) || (site !== undefined && site !== 'same-origin' && site !== 'none'))
    throw new DomainError('proxied_without_auth');
  if (!isOwnAuthority(headers.host, socket.localPort)) throw new DomainError('forbidden_host');
  if (headers.origin !== undefined && headers.origin !== `http://${headers.host}`)
    throw new DomainError('forbidden_origin');
}

/** A loopback name with our port; other names reach us through DNS rebinding. */
function isOwnAuthority(host: string | undefined, port: number | undefined): boolean {
  const authority = parseAuthority(host);
  return authority !== undefined && isLoopback(authority.name) && (authority.port ?? 80) === port;
}
