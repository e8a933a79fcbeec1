import { abandonRotation } from '../../db/command/rotation-steps.ts';
import { readJson } from '../body.ts';
import { decisionKey } from '../decision-key.ts';
import type { ApiDeps } from '../deps.ts';
import { REASON, readFields } from '../fields.ts';
import { refuseWith } from '../instance.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

const RULES = { required: { reason: REASON }, optional: {} };

async function handler({ req, params, caller }: Call, { db }: ApiDeps): Promise<Reply> {
  const rotation_id = params['id'] ?? '';
  const { reason } = readFields(await readJson(req), RULES);
  const key = decisionKey(req, { kind: 'abandon', rotation_id, reason });
  const abandoned = await abandonRotation(db, caller, { rotation_id, reason: reason.trim(), key });
  return abandoned.ok ? ok({ status: 'abandoned' }) : refuseWith(abandoned.code);
}

export const route: Route = { method: 'POST', path: '/v1/rotations/:id/abandon', action: 'rotation.abandon', handler };
