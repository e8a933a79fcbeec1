import { lookup } from 'node:dns/promises';
import { addressKind, mayReach } from '../../domain/egress/address.ts';
import { EgressError } from './egress-error.ts';

export interface CheckedAddress {
  address: string;
  family: number;
}

export type Resolve = (hostname: string) => Promise<CheckedAddress[]>;

const resolveAll: Resolve = (hostname) => lookup(hostname, { all: true, order: 'verbatim' });

/**
 * The address to connect to: the name is resolved once, and one forbidden address among its answers refuses them all, for
 * whoever answers for the name chooses which of them is taken. Errors: name_unresolved, address_refused.
 */
export async function checkedAddress(
  hostname: string,
  internal: boolean,
  resolve: Resolve = resolveAll,
): Promise<CheckedAddress> {
  const bare = hostname.replace(/^\[|\]$/g, '');
  const found = await resolve(bare).catch((cause: unknown) => {
    throw new EgressError('name_unresolved', cause);
  });
  const [first] = found;
  if (first === undefined) throw new EgressError('name_unresolved');
  if (!found.every(({ address }) => mayReach(addressKind(address), internal))) throw new EgressError('address_refused');
  return first;
}
