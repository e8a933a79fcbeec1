import type { ApiDeps } from '../deps.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';
import { statusReport } from '../status/report.ts';

async function handler({ caller }: Call, deps: ApiDeps): Promise<Reply> {
  return ok(await statusReport(deps, caller.workspace_id));
}

export const route: Route = { method: 'GET', path: '/v1/status', action: 'status.read', handler };
