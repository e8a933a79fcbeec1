import { reviewOverride } from '../../db/command/review-override.ts';
import { findOverride } from '../../db/read/overrides.ts';
import { readJson } from '../body.ts';
import type { ApiDeps } from '../deps.ts';
import { REASON, readFields } from '../fields.ts';
import { overrideId } from '../governance-request.ts';
import { isSingleOperator, refuseWith } from '../instance.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';
import { decisionKey } from '../decision-key.ts';

const RULES = { required: { note: REASON }, optional: { confirm: { max: 64 } } };

async function handler(call: Call, { db }: ApiDeps): Promise<Reply> {
  const { req, caller, principal } = call;
  const override_id = overrideId(call);
  const { note, confirm } = readFields(await readJson(req), RULES);
  const reviewed = await reviewOverride(db, caller, {
    override_id,
    note: note.trim(),
    single_operator: isSingleOperator(principal),
    ...(confirm === undefined ? {} : { confirm }),
    key: decisionKey(req, { kind: 'override-review', override_id, note, confirm: confirm ?? null }),
  });
  if (!reviewed.ok) return refuseWith(reviewed.code);
  return ok(await findOverride(db, caller.workspace_id, override_id));
}

export const route: Route = {
  method: 'POST',
  path: '/v1/exports/overrides/:id/review',
  action: 'override.review',
  handler,
};
