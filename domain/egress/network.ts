// One customer has a whole /64 of IPv6 addresses: what is counted per source is counted per network.
import { parseV4, parseV6 } from './address.ts';

const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/** The IPv4 address itself, also of one that is mapped into IPv6, or the /64 of an IPv6 address; `unknown` for anything else. */
export function networkOf(address: string | undefined): string {
  if (address === undefined) return 'unknown';
  if (parseV4(address) !== null) return address;
  const bytes = parseV6(address);
  if (bytes === null) return 'unknown';
  if (MAPPED.every((byte, i) => bytes[i] === byte)) return bytes.slice(12).join('.');
  const groups = [0, 2, 4, 6].map((i) => (((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0)).toString(16));
  return `${groups.join(':')}::/64`;
}
