import { isLoopback } from '../../config/loopback.ts';

/** `host[:port]` of RFC 3986 section 3.2, without user information; names are in lower case, IPv6 without brackets. */
export interface Authority {
  name: string;
  port: number | undefined;
}

const AUTHORITY = /^(?:\[(?<v6>[0-9a-f:.]+)\]|(?<name>[a-z0-9._-]+))(?::(?<port>\d{1,5}))?$/;

/** Undefined for what is no authority. */
export function parseAuthority(text: string | undefined): Authority | undefined {
  const groups = AUTHORITY.exec(text?.toLowerCase() ?? '')?.groups;
  const name = groups?.['v6'] ?? groups?.['name'];
  const port = groups?.['port'];
  return name === undefined ? undefined : { name, port: port === undefined ? undefined : Number(port) };
}

/**
 * Whether a request with this Host is for us: a name that was allowed (with its port, where it was given one), a loopback
 * name, or the very address that was connected to. Any other name reaches us through somebody else's DNS.
 */
export function isOurHost(host: Authority, allowed: readonly Authority[], localAddress: string | undefined): boolean {
  if (isLoopback(host.name) || host.name === localAddress?.toLowerCase().replace(/^::ffff:(?=[\d.]+$)/, ''))
    return true;
  return allowed.some(({ name, port }) => name === host.name && (port === undefined || port === host.port));
}

const DEFAULT_PORT: Record<string, number> = { 'http:': 80, 'https:': 443 };

/** Whether a page of `origin` came from `host` itself: https, or http where nobody is in between. */
export function isOwnOrigin(origin: string, host: Authority): boolean {
  if (!URL.canParse(origin)) return false;
  const { origin: exact, protocol, hostname, port } = new URL(origin);
  if (exact !== origin || DEFAULT_PORT[protocol] === undefined) return false;
  if (protocol === 'http:' && !isLoopback(host.name)) return false;
  const given = port === '' ? DEFAULT_PORT[protocol] : Number(port);
  return hostname.replace(/^\[|\]$/g, '') === host.name && given === (host.port ?? DEFAULT_PORT[protocol]);
}
