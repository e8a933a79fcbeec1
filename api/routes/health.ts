import { instanceCounts } from '../../db/read/counts.ts';
import { ok } from '../reply.ts';
import type { Route } from '../route.ts';

/** How much is open in the whole instance; anything but 0 is degraded operation. */
export const route: Route = {
  method: 'GET',
  path: '/health',
  action: 'open',
  handler: async ({ db }) => ok({ status: 'ok', ...(await instanceCounts(db)) }),
};
