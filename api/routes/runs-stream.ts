import type { Route } from '../route.ts';
import { openStream, requireName, STREAM_ACTION } from '../streams/stream-request.ts';

/** The entries about a run, as they come into the log. */
export const route: Route = {
  method: 'GET',
  path: '/v1/runs/:id/stream',
  action: STREAM_ACTION,
  handler: async (call, deps) => openStream(call, deps, `run/${requireName(call)}`),
};
