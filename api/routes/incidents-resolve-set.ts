import { answerSet } from '../set-request.ts';
import type { Route } from '../route.ts';

export const route: Route = {
  method: 'POST',
  path: '/v1/incidents/resolve-set',
  action: 'incident.resolve',
  handler: (call, deps) => answerSet('resolve', call, deps),
};
