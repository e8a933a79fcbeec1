import { isRole } from '../../domain/identity/roles.ts';
import { readJson } from '../body.ts';
import type { ApiDeps } from '../deps.ts';
import { decideByProcess } from '../export-decisions.ts';
import { decisionKey } from '../decision-key.ts';
import { exportCaller, instantOf, instantProblem } from '../export-request.ts';
import { exportDetail } from '../export-view.ts';
import { ID, readFields } from '../fields.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

const roleProblem = (value: unknown): string | null => (value === undefined || isRole(value) ? null : 'invalid_value');
const RULES = {
  required: {},
  optional: { confirm: ID },
  values: { role: roleProblem, not_after: instantProblem },
};

async function handler(call: Call, deps: ApiDeps): Promise<Reply> {
  const export_id = call.params['id'] ?? '';
  const given = readFields(await readJson(call.req), RULES);
  const request = {
    kind: 'approve',
    role: (given.role as string | undefined) ?? null,
    not_after: instantOf(given.not_after),
    confirm: given.confirm ?? null,
  } as const;
  const key = decisionKey(call.req, { export_id, ...request });
  return ok(exportDetail(await decideByProcess(deps, exportCaller(call), { export_id, key, request })));
}

export const route: Route = { method: 'POST', path: '/v1/exports/:id/approve', action: 'export.approve', handler };
