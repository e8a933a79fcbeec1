import type { ApiDeps } from '../deps.ts';
import { requiredUpload, uploadView } from '../registry/upload-request.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

/** Where an upload stands: whoever lost the answer to a part goes on from here. */
async function handler(call: Call, deps: ApiDeps): Promise<Reply> {
  return ok(uploadView(await requiredUpload(call, deps)));
}

export const route: Route = { method: 'GET', path: '/v1/registry/uploads/:id', action: 'registry.put', handler };
