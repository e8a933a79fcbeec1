import { readJson } from '../body.ts';
import type { ApiDeps } from '../deps.ts';
import { decideByProcess } from '../export-decisions.ts';
import { decisionKey } from '../decision-key.ts';
import { exportCaller } from '../export-request.ts';
import { exportDetail } from '../export-view.ts';
import { REASON, readFields } from '../fields.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

async function handler(call: Call, deps: ApiDeps): Promise<Reply> {
  const export_id = call.params['id'] ?? '';
  const { reason } = readFields(await readJson(call.req), { required: { reason: REASON }, optional: {} });
  const request = { kind: 'reject', reason: reason.trim() } as const;
  const key = decisionKey(call.req, { export_id, ...request });
  return ok(exportDetail(await decideByProcess(deps, exportCaller(call), { export_id, key, request })));
}

export const route: Route = { method: 'POST', path: '/v1/exports/:id/reject', action: 'export.reject', handler };
