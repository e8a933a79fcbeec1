import { FRESH, PLAIN, requirePublished } from '../published-log.ts';
import { bytesOf } from '../reply.ts';
import type { Route } from '../route.ts';

export const route: Route = {
  method: 'GET',
  path: '/ledger/checkpoint',
  action: 'open',
  handler: async (deps) => bytesOf(PLAIN, Buffer.from((await requirePublished(deps)).checkpoint), FRESH),
};
