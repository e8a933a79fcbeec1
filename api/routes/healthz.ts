import { liveness, availability } from '../readiness.ts';
import type { Route } from '../route.ts';

export const route: Route = {
  method: 'GET',
  path: '/healthz',
  action: 'open',
  handler: async (deps) => availability(await liveness(deps)),
};
