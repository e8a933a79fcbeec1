import { randomUUID } from 'node:crypto';
import { requestDigest } from '../../db/command/decisions.ts';
import { releaseModel } from '../../db/command/release-model.ts';
import { readJson } from '../body.ts';
import type { ApiDeps } from '../deps.ts';
import { REASON, readFields } from '../fields.ts';
import { idempotencyKey } from '../idempotency-key.ts';
import { refuseWith } from '../instance.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

/** Without a registry nobody could verify a model against its manifest: the only way out is to remove it. */
const howProblem = (value: unknown): string | null => {
  if (value === undefined) return 'required';
  return value === 'removed' ? null : 'invalid_value';
};

const RULES = { required: { target: { max: 4096 }, reason: REASON }, optional: {}, values: { how: howProblem } };

async function handler({ req, caller }: Call, { db }: ApiDeps): Promise<Reply> {
  const decision_id = idempotencyKey(req) ?? randomUUID();
  const { target, reason } = readFields(await readJson(req), RULES);
  const release = { target, how: 'removed' as const, reason: reason.trim() };
  const key = { decision_id, request_digest: requestDigest({ kind: 'release', ...release }) };
  const outcome = await releaseModel(db, caller, { ...release, key });
  if (!outcome.ok) return refuseWith(outcome.code);
  return ok({ released: outcome.released, granted: outcome.granted });
}

export const route: Route = { method: 'POST', path: '/v1/models/release', action: 'model.release', handler };
