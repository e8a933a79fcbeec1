import { recode } from '../payload-request.ts';
import type { Route } from '../route.ts';

export const route: Route = {
  method: 'POST',
  path: '/v1/codec/decode',
  action: 'history.decode',
  handler: (call, deps) => recode(call, deps, 'decode'),
};
