import { runtimePosture } from '../../db/read/runtime.ts';
import type { ApiDeps } from '../deps.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';
import { runtimeView } from '../runtime-view.ts';

async function handler({ caller }: Call, { db }: ApiDeps): Promise<Reply> {
  return ok(runtimeView(await runtimePosture(db, caller.workspace_id)));
}

export const route: Route = { method: 'GET', path: '/v1/runtime', action: 'runtime.read', handler };
