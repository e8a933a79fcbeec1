import { logKeys } from '../../db/read/log-keys.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import { FRESH } from '../published-log.ts';
import { ok } from '../reply.ts';
import type { Route } from '../route.ts';

export const route: Route = {
  method: 'GET',
  path: '/ledger/keys',
  action: 'open',
  handler: async (deps) => {
    const keys = await logKeys(deps.db);
    if (keys === undefined) throw new DomainError('ledger_unpublished');
    return ok(keys, FRESH);
  },
};
