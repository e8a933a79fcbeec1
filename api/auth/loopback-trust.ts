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

/**
 * Whether a page of the engine's own console asks for its codec server, straight from this machine: it has another port, so
 * to the browser it is a stranger. What it learns, every process here can ask for.
 */
export function isConsoleAsking(req: IncomingMessage, consoles: readonly string[]): boolean {
  const { headers, socket } = req;
  const { origin } = headers;
  return (
    origin !== undefined &&
    consoles.includes(origin) &&
    /^\/v1\/codec\/(?:de|en)code$/.test(req.url ?? '') &&
    !isProxied(headers) &&
    headers['sec-fetch-site'] !== 'cross-site' &&
    isOwnAuthority(headers.host, socket.localPort)
  );
}

/** A loopback name with our port; other names reach us through DNS rebinding. */
function isOwnAuthority(host: string | undefined, port: number | undefined): boolean {
  const authority = parseAuthority(host);
  return authority !== undefined && isLoopback(authority.name) && (authority.port ?? 80) === port;
}
