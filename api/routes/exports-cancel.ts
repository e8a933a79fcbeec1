import { decideExport } from '../../db/command/decide-export.ts';
import { readJson } from '../body.ts';
import type { ApiDeps } from '../deps.ts';
import { decisionKey } from '../decision-key.ts';
import { exportCaller, requireExport } from '../export-request.ts';
import { exportDetail } from '../export-view.ts';
import { REASON, readFields } from '../fields.ts';
import { refuseWith } from '../instance.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

/** What ends an export waits for no process: it is ended on the record, whatever the engine does. */
async function handler(call: Call, { db }: ApiDeps): Promise<Reply> {
  const export_id = call.params['id'] ?? '';
  const { reason } = readFields(await readJson(call.req), { required: {}, optional: { reason: REASON } });
  const request = { kind: 'cancel', reason: reason?.trim() ?? null } as const;
  const key = decisionKey(call.req, { export_id, ...request });
  await requireExport(db, call.caller.workspace_id, export_id);
  const decided = await decideExport(db, exportCaller(call), { export_id, key, request });
  if (!decided.ok) return refuseWith(decided.code);
  return ok(exportDetail(await requireExport(db, call.caller.workspace_id, export_id)));
}

export const route: Route = { method: 'POST', path: '/v1/exports/:id/cancel', action: 'export.cancel', handler };
