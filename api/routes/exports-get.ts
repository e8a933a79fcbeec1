import type { ApiDeps } from '../deps.ts';
import { requireExport, untilQuiet } from '../export-request.ts';
import { exportDetail } from '../export-view.ts';
import { waitPreference } from '../prefer-wait.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

async function handler({ req, params, caller }: Call, { db }: ApiDeps): Promise<Reply> {
  const found = await requireExport(db, caller.workspace_id, params['id'] ?? '');
  const wait = waitPreference(req.headers['prefer']);
  return ok(exportDetail(wait === undefined ? found : await untilQuiet(db, found, wait, req)));
}

export const route: Route = { method: 'GET', path: '/v1/exports/:id', action: 'export.read', handler };
