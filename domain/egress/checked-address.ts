// A request goes to an address that was checked: the name is resolved once, and one forbidden address among its answers
// refuses them all, for whoever answers for the name chooses which of them is taken.
import { addressKind, mayReach } from './address.ts';

export interface CheckedAddress {
  address: string;
  family: number;
}

/** The addresses of a name; of an address in text form, that one. */
export type Resolve = (hostname: string) => Promise<CheckedAddress[]>;

/** A URL's host as a resolver wants it: without the brackets of RFC 3986, section 3.2.2. */
export const bareHost = (hostname: string): string => hostname.replace(/^\[|\]$/g, '');

/**
 * The address to connect to. `refuse` makes the error of whoever asks. Rejects with that of name_unresolved or
 * address_refused.
 */
export async function checkedAddress(
  hostname: string,
  internal: boolean,
  resolve: Resolve,
  refuse: (code: 'name_unresolved' | 'address_refused', cause?: unknown) => Error,
): Promise<CheckedAddress> {
  const found = await resolve(bareHost(hostname)).catch((cause: unknown) => {
    throw refuse('name_unresolved', cause);
  });
  const [first] = found;
  if (first === undefined) throw refuse('name_unresolved');
  if (!found.every(({ address }) => mayReach(addressKind(address), internal))) throw refuse('address_refused');
  return first;
}
