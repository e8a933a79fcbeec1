import { LIST_LIMIT } from '../../db/read/parameters.ts';
import { quarantinedModels } from '../../db/read/quarantined-models.ts';
import type { ApiDeps } from '../deps.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

async function handler({ caller }: Call, { db }: ApiDeps): Promise<Reply> {
  return ok(await quarantinedModels(db, caller.workspace_id, LIST_LIMIT));
}

export const route: Route = { method: 'GET', path: '/v1/models', action: 'status.read', handler };
