import { availability, readiness } from '../readiness.ts';
import type { Route } from '../route.ts';

export const route: Route = {
  method: 'GET',
  path: '/readyz',
  action: 'open',
  handler: async (deps) => availability(await readiness(deps)),
};
