import { retireAdapter } from '../../db/command/part-with-adapter.ts';
import { adapterName } from '../adapter-request.ts';
import { readJson } from '../body.ts';
import type { ApiDeps } from '../deps.ts';
import { REASON, readFields } from '../fields.ts';
import { refuseWith } from '../instance.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';
import { secondPersonRequired, twoPersonRequest } from '../two-person-request.ts';

const RULES = { required: { reason: REASON }, optional: { confirm: { max: 256 } } };

async function handler(call: Call, { db }: ApiDeps): Promise<Reply> {
  const object = adapterName(call);
  const { reason, confirm } = readFields(await readJson(call.req), RULES);
  const asked = twoPersonRequest(call, 'adapter.retire', { object, reason, confirm });
  const retired = await retireAdapter(db, call.caller, asked);
  if (retired.ok) {
    const { retired_by, single_operator, incidents } = retired;
    return ok({ status: 'retired', retired_by, single_operator, incidents });
  }
  return retired.code === 'second_person_required' ? secondPersonRequired : refuseWith(retired.code);
}

export const route: Route = { method: 'POST', path: '/v1/adapters/:name/retire', action: 'adapter.retire', handler };
