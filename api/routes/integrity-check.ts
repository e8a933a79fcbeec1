import { randomUUID } from 'node:crypto';
import { baselineExists } from '../../db/command/baseline.ts';
import { readIntegrityDiff } from '../../db/read/integrity-diff.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import { readJson } from '../body.ts';
import type { ApiDeps } from '../deps.ts';
import { NAME, readFields } from '../fields.ts';
import { idempotencyKey } from '../idempotency-key.ts';
import { requireInstance } from '../instance.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';
import { unanswered } from '../watch-decisions.ts';

const RULES = { required: { baseline: NAME }, optional: {} };

/** A check now, and what it found. */
async function handler({ req, caller }: Call, { db, watches }: ApiDeps): Promise<Reply> {
  requireInstance(caller);
  const decision_id = idempotencyKey(req) ?? randomUUID();
  const { baseline } = readFields(await readJson(req), RULES);
  if (!(await baselineExists(db, baseline))) throw new DomainError('baseline_not_found');
  const answer = await watches.ask({
    workflow_type: 'integrityWatch',
    subject: baseline,
    decision_id,
    update: 'check',
    input: {},
  });
  if (answer.kind !== 'accepted') return unanswered(answer);
  return ok(await readIntegrityDiff(db, baseline));
}

export const route: Route = { method: 'POST', path: '/v1/integrity/check', action: 'integrity.check', handler };
