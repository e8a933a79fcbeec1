import { randomUUID } from 'node:crypto';
import { decideSet, SET_LIMIT } from '../db/command/decide-set.ts';
import type { SetDecision } from '../db/command/decide-set.ts';
import { requestDigest } from '../db/command/decisions.ts';
import { isIncidentClass } from '../domain/containment/types.ts';
import { DomainError } from '../domain/problem/problem.ts';
import { readJson } from './body.ts';
import type { ApiDeps } from './deps.ts';
import { readFields, textProblem } from './fields.ts';
import { idempotencyKey } from './idempotency-key.ts';
import { ok } from './reply.ts';
import type { Reply } from './reply.ts';
import type { Call } from './route.ts';

/** RFC 3339 §5.6; the database reads more than that, and some of it as another moment than was meant. */
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

type SetRequest = Pick<SetDecision, 'class' | 'source' | 'created_before' | 'expected_count' | 'operator'>;

/** Takes one decision about a set of incidents. Errors: count_changed, idempotency_key_reused. */
export async function answerSet(kind: SetDecision['kind'], { req, caller }: Call, { db }: ApiDeps): Promise<Reply> {
  const key = idempotencyKey(req);
  const body = await readJson(req);
  const asked = readSet(body);
  const decided = await decideSet(db, {
    ...caller,
    ...asked,
    kind,
    decision_id: key ?? randomUUID(),
    request_digest: requestDigest({ kind, body }),
  });
  if (decided.ok)
    return ok({ changed: decided.changed, ...(decided.refused.length === 0 ? {} : { refused: decided.refused }) });
  if (decided.code === 'idempotency_key_reused') throw new DomainError(decided.code);
  const found = decided.found > SET_LIMIT ? `more than ${SET_LIMIT}` : String(decided.found);
  throw new DomainError(decided.code, { detail: `The set has ${found} incidents, not ${asked.expected_count}` });
}

const isInstant = (text: string): boolean => INSTANT.test(text) && !Number.isNaN(Date.parse(text));

function instantProblem(value: unknown): string | null {
  const wrong = textProblem(value, { max: 64 });
  return wrong ?? (isInstant(value as string) ? null : 'invalid_value');
}

function classProblem(value: unknown): string | null {
  const wrong = textProblem(value, { max: 64 });
  return wrong ?? (isIncidentClass(value) ? null : 'unknown_class');
}

function countProblem(value: unknown): string | null {
  if (value === undefined) return 'required';
  if (!Number.isInteger(value)) return 'invalid_type';
  return Number(value) >= 0 && Number(value) <= SET_LIMIT ? null : 'invalid_value';
}

const RULES = {
  required: { operator: { max: 256 } },
  optional: { source: { max: 1024 } },
  values: { class: classProblem, created_before: instantProblem, expected_count: countProblem },
};

function readSet(body: unknown): SetRequest {
  const { operator, source, ...rest } = readFields(body, RULES);
  return {
    ...(rest as Pick<SetRequest, 'class' | 'created_before' | 'expected_count'>),
    operator: operator.trim(),
    ...(source === undefined ? {} : { source: source.trim() }),
  };
}
