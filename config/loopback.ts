import { isIPv4 } from 'node:net';

/** True for 127.0.0.0/8, `::1` and `localhost` (RFC 6890, RFC 6761): addresses no other machine can reach. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}
