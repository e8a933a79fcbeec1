import { lookup } from 'node:dns/promises';
import { checkedAddress as checked } from '../../domain/egress/checked-address.ts';
import type { CheckedAddress, Resolve } from '../../domain/egress/checked-address.ts';
import { EgressError } from './egress-error.ts';

export type { CheckedAddress, Resolve };

const resolveAll: Resolve = (hostname) => lookup(hostname, { all: true, order: 'verbatim' });

/** The address to connect to, as domain/egress/checked-address.ts has it. Errors: name_unresolved, address_refused. */
export const checkedAddress = (
  hostname: string,
  internal: boolean,
  resolve: Resolve = resolveAll,
): Promise<CheckedAddress> => checked(hostname, internal, resolve, (code, cause) => new EgressError(code, cause));
