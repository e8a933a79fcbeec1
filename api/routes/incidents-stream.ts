import type { Route } from '../route.ts';
import { openStream, requireIncident, STREAM_ACTION } from '../streams/stream-request.ts';

/** The entries of an incident's timeline, as they come into the log. */
export const route: Route = {
  method: 'GET',
  path: '/v1/incidents/:id/stream',
  action: STREAM_ACTION,
  handler: async (call, deps) => openStream(call, deps, `incident/${await requireIncident(call, deps)}`),
};
