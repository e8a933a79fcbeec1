import { answerSet } from '../set-request.ts';
import type { Route } from '../route.ts';

export const route: Route = {
  method: 'POST',
  path: '/v1/recovery/ack-set',
  action: 'recovery.ack',
  handler: (call, deps) => answerSet('ack', call, deps),
};
