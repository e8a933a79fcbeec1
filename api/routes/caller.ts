import { readQuery } from '../query.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

/** Who the caller is to this server: what its entries in the ledger will say. */
const handler = async ({ query, caller, principal }: Call): Promise<Reply> => {
  readQuery(query, []);
  return ok({ ...caller, roles: principal.roles });
};

export const route: Route = { method: 'GET', path: '/v1/caller', action: 'status.read', handler };
