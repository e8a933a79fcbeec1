import { FRESH } from '../published-log.ts';
import { ok } from '../reply.ts';
import type { Route } from '../route.ts';

/** Open to anybody, as the keys of the log are: whoever receives an export has no token of ours. */
export const route: Route = {
  method: 'GET',
  path: '/v1/provenance/keys',
  action: 'open',
  handler: (deps) => Promise.resolve(ok({ keys: deps.provenanceKeys() }, FRESH)),
};
