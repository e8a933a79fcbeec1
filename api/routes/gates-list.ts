import { gatesOverview } from '../../db/read/gates.ts';
import type { ApiDeps } from '../deps.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

async function handler({ caller }: Call, { db }: ApiDeps): Promise<Reply> {
  return ok(await gatesOverview(db, caller.workspace_id));
}

export const route: Route = { method: 'GET', path: '/v1/gates', action: 'gates.check', handler };
