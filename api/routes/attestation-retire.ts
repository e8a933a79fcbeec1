import { retireNode } from '../../db/command/retire-node.ts';
import { readJson } from '../body.ts';
import type { ApiDeps } from '../deps.ts';
import { NAME, REASON, readFields } from '../fields.ts';
import { refuseWith, requireInstance } from '../instance.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';
import { secondPersonRequired, twoPersonRequest } from '../two-person-request.ts';

const RULES = { required: { node: NAME, reason: REASON }, optional: { confirm: { max: 256 } } };

async function handler(call: Call, { db }: ApiDeps): Promise<Reply> {
  requireInstance(call.caller);
  const { node: object, reason, confirm } = readFields(await readJson(call.req), RULES);
  const retired = await retireNode(db, call.caller, twoPersonRequest(call, 'retire', { object, reason, confirm }));
  if (retired.ok) {
    const { retired_by, single_operator } = retired;
    return ok({ status: 'retired', retired_by, single_operator });
  }
  return retired.code === 'second_person_required' ? secondPersonRequired : refuseWith(retired.code);
}

export const route: Route = { method: 'POST', path: '/v1/attestation/retire', action: 'attestation.retire', handler };
