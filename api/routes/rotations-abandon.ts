import { randomUUID } from 'node:crypto';
import { requestDigest } from '../../db/command/decisions.ts';
import { abandonRotation } from '../../db/command/rotation-steps.ts';
import { readJson } from '../body.ts';
import type { ApiDeps } from '../deps.ts';
import { REASON, readFields } from '../fields.ts';
import { idempotencyKey } from '../idempotency-key.ts';
import { refuseWith } from '../instance.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

const RULES = { required: { reason: REASON }, optional: {} };

async function handler({ req, params, caller }: Call, { db }: ApiDeps): Promise<Reply> {
  const rotation_id = params['id'] ?? '';
  const { reason } = readFields(await readJson(req), RULES);
  const request_digest = requestDigest({ kind: 'abandon', rotation_id, reason });
  const key = { decision_id: idempotencyKey(req) ?? randomUUID(), request_digest };
  const abandoned = await abandonRotation(db, caller, { rotation_id, reason: reason.trim(), key });
  return abandoned.ok ? ok({ status: 'abandoned' }) : refuseWith(abandoned.code);
}

export const route: Route = { method: 'POST', path: '/v1/rotations/:id/abandon', action: 'rotation.abandon', handler };
