import type { Route } from '../route.ts';
import { openStream, requireName, STREAM_ACTION } from '../streams/stream-request.ts';

/** The entries about a subject, and about incidents that freeze it by name, as they come into the log. */
export const route: Route = {
  method: 'GET',
  path: '/v1/subjects/:id/stream',
  action: STREAM_ACTION,
  handler: async (call, deps) => openStream(call, deps, `subject/${requireName(call)}`),
};
