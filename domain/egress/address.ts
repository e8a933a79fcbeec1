// What leaves us goes to addresses of the public Internet, unless somebody has said that its receiver is one of our own.

export type AddressKind =
  | 'public'
  | 'unspecified'
  | 'loopback'
  | 'private'
  | 'link_local'
  | 'metadata'
  | 'shared'
  | 'multicast'
  | 'reserved'
  | 'malformed';

type Range = readonly [prefix: string, bits: number, kind: AddressKind];

/**
 * IANA special-purpose registry (RFC 6890 and what updates it), and before it where clouds answer with a host's own
 * credentials (AWS, GCP, Azure and others, Alibaba); the first range that matches says what it is.
 */
const V4: readonly Range[] = [
  ['0.0.0.0', 8, 'unspecified'],
  ['10.0.0.0', 8, 'private'],
  ['100.100.100.200', 32, 'metadata'],
  ['100.64.0.0', 10, 'shared'],
  ['127.0.0.0', 8, 'loopback'],
  ['169.254.169.254', 32, 'metadata'],
  ['169.254.0.0', 16, 'link_local'],
  ['172.16.0.0', 12, 'private'],
  ['192.0.0.0', 24, 'reserved'],
  ['192.0.2.0', 24, 'reserved'],
  ['192.88.99.0', 24, 'reserved'],
  ['192.168.0.0', 16, 'private'],
  ['198.18.0.0', 15, 'reserved'],
  ['198.51.100.0', 24, 'reserved'],
  ['203.0.113.0', 24, 'reserved'],
  ['224.0.0.0', 4, 'multicast'],
  ['240.0.0.0', 4, 'reserved'],
];

/** Only 2000::/3 is the public Internet; these are the parts of it, and beside it, that have a name of their own. */
const V6: readonly Range[] = [
  ['::', 128, 'unspecified'],
  ['::1', 128, 'loopback'],
  ['fd00:ec2::254', 128, 'metadata'],
  ['fd20:ce::254', 128, 'metadata'],
  ['fc00::', 7, 'private'],
  ['fe80::', 10, 'link_local'],
  ['fec0::', 10, 'private'],
  ['ff00::', 8, 'multicast'],
  ['2001::', 23, 'reserved'],
  ['2001:db8::', 32, 'reserved'],
  ['3fff::', 20, 'reserved'],
];

/** Prefixes whose addresses carry an IPv4 address that they lead to, and the byte at which it begins. */
const EMBEDDED: readonly (readonly [prefix: string, bits: number, at: number])[] = [
  ['::ffff:0:0', 96, 12],
  ['::ffff:0:0:0', 96, 12],
  ['64:ff9b::', 96, 12],
  ['2002::', 16, 2],
];

/** The kind of an IPv4 or IPv6 address in text form. An address that carries another (RFC 4291, 6052, 3056) is of its kind. */
export function addressKind(text: string): AddressKind {
  const v4 = parseV4(text);
  if (v4 !== null) return kindIn(V4, v4, parseV4) ?? 'public';
  const v6 = parseV6(text);
  if (v6 === null) return 'malformed';
  for (const [prefix, bits, at] of EMBEDDED)
    if (within(v6, parseV6(prefix), bits)) return kindIn(V4, v6.slice(at, at + 4), parseV4) ?? 'public';
  const named = kindIn(V6, v6, parseV6);
  if (named !== undefined) return named;
  return within(v6, parseV6('2000::'), 3) ? 'public' : 'reserved';
}

/**
 * Whether a request may go there. What is not one host's address is nobody's receiver, internal or not; nor is a
 * link-local one, which means another host on each link, or this host's own metadata.
 */
export function mayReach(kind: AddressKind, internal: boolean): boolean {
  if (kind === 'public') return true;
  return internal && ['private', 'loopback', 'shared'].includes(kind);
}

const kindIn = (ranges: readonly Range[], bytes: number[], parse: (text: string) => number[] | null) =>
  ranges.find(([prefix, bits]) => within(bytes, parse(prefix), bits))?.[2];

function within(bytes: number[], prefix: number[] | null, bits: number): boolean {
  if (prefix === null || prefix.length !== bytes.length) return false;
  return bytes.every((byte, i) => {
    const left = Math.min(8, Math.max(0, bits - 8 * i));
    const mask = (0xff << (8 - left)) & 0xff;
    return (byte & mask) === ((prefix[i] ?? 0) & mask);
  });
}

/** Four decimal parts and nothing else: what other parsers read as octal or short forms is no address here. */
export function parseV4(text: string): number[] | null {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part))) return null;
  const bytes = parts.map(Number);
  return bytes.every((byte) => byte <= 255) ? bytes : null;
}

/** The 16 bytes of an IPv6 address in text form (RFC 4291 section 2.2), or null. */
export function parseV6(text: string): number[] | null {
  const [address = ''] = text.split('%');
  const halves = address.split('::');
  if (halves.length > 2) return null;
  const [head, tail] = halves.map(groups);
  if (!head || (halves.length === 2 && !tail)) return null;
  if (tail === undefined || tail === null) return head.length === 16 ? head : null;
  const zeros = 16 - head.length - tail.length;
  return zeros >= 2 ? [...head, ...Array<number>(zeros).fill(0), ...tail] : null;
}

function groups(half: string): number[] | null {
  if (half === '') return [];
  const out: number[] = [];
  const parts = half.split(':');
  for (const [i, part] of parts.entries()) {
    const v4 = i === parts.length - 1 ? parseV4(part) : null;
    if (v4 !== null) out.push(...v4);
    else if (/^[0-9a-f]{1,4}$/i.test(part)) out.push(parseInt(part, 16) >> 8, parseInt(part, 16) & 0xff);
    else return null;
  }
  return out;
}
