import type { Route } from '../route.ts';
import { openStream, STREAM_ACTION } from '../streams/stream-request.ts';

/** Every entry of the caller's workspace, as it comes into the log. */
export const route: Route = {
  method: 'GET',
  path: '/v1/events/stream',
  action: STREAM_ACTION,
  handler: (call, deps) => openStream(call, deps),
};
