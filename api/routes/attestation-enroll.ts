import { grantReplacement } from '../../db/command/replace-node.ts';
import { readJson } from '../body.ts';
import type { ApiDeps } from '../deps.ts';
import { NAME, REASON, readFields } from '../fields.ts';
import { refuseWith, requireInstance } from '../instance.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';
import { secondPersonRequired, twoPersonRequest } from '../two-person-request.ts';
import { unanswered } from '../watch-decisions.ts';

/** A node's first TPM enrols itself when its attester starts; what is asked for here is its successor. */
const replaceProblem = (value: unknown): string | null => {
  if (value === undefined) return 'required';
  return value === true ? null : 'invalid_value';
};

const RULES = {
  required: { node: NAME, reason: REASON },
  optional: { confirm: { max: 256 } },
  values: { replace: replaceProblem },
};

async function handler(call: Call, { db, watches }: ApiDeps): Promise<Reply> {
  requireInstance(call.caller);
  const { node: object, reason, confirm } = readFields(await readJson(call.req), RULES);
  const granted = await grantReplacement(
    db,
    call.caller,
    twoPersonRequest(call, 'replace', { object, reason, confirm }),
  );
  if (!granted.ok) return granted.code === 'second_person_required' ? secondPersonRequired : refuseWith(granted.code);
  const answer = await watches.replace(object);
  if (answer.kind !== 'accepted') return unanswered(answer);
  const { replaced_by, single_operator } = granted;
  return ok({ status: 'replaced', replaced_by, single_operator });
}

export const route: Route = { method: 'POST', path: '/v1/attestation/enroll', action: 'attestation.enroll', handler };
