import { baselineExists } from '../../db/command/baseline.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import { APPROVAL_RULES, causeOf } from '../approval-request.ts';
import { readJson } from '../body.ts';
import type { ApiDeps } from '../deps.ts';
import { NAME, readFields } from '../fields.ts';
import { idempotencyKey } from '../idempotency-key.ts';
import { requireInstance } from '../instance.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';
import { approve } from '../watch-decisions.ts';

const RULES = { ...APPROVAL_RULES, required: { baseline: NAME, ...APPROVAL_RULES.required } };

async function handler({ req, caller }: Call, deps: ApiDeps): Promise<Reply> {
  requireInstance(caller);
  const key = idempotencyKey(req);
  const { baseline, ...given } = readFields(await readJson(req), RULES);
  if (!(await baselineExists(deps.db, baseline))) throw new DomainError('baseline_not_found');
  return ok({ version: await approve(deps, caller, { kind: 'baseline', subject: baseline, key, ...causeOf(given) }) });
}

export const route: Route = {
  method: 'POST',
  path: '/v1/integrity/baseline/approve',
  action: 'integrity.approve_baseline',
  handler,
};
