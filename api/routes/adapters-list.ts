import { listAdapters } from '../../db/read/adapters.ts';
import { adapterView } from '../adapter-request.ts';
import type { ApiDeps } from '../deps.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

async function handler({ caller }: Call, { db }: ApiDeps): Promise<Reply> {
  return ok((await listAdapters(db, caller.workspace_id)).map(adapterView));
}

export const route: Route = { method: 'GET', path: '/v1/adapters', action: 'adapter.read', handler };
