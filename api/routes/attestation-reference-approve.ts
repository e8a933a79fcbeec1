import { enrolledNode } from '../../db/command/enrol.ts';
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

const LAST_PCR = 23;

function pcrProblem(value: unknown): string | null {
  if (value === undefined) return 'required';
  if (!Number.isInteger(value)) return 'invalid_type';
  return Number(value) >= 0 && Number(value) <= LAST_PCR ? null : 'invalid_value';
}

const RULES = {
  ...APPROVAL_RULES,
  required: { node: NAME, ...APPROVAL_RULES.required },
  values: { pcr: pcrProblem, ...APPROVAL_RULES.values },
};

async function handler({ req, caller }: Call, deps: ApiDeps): Promise<Reply> {
  requireInstance(caller);
  const key = idempotencyKey(req);
  const { node, pcr, ...given } = readFields(await readJson(req), RULES);
  if ((await enrolledNode(deps.db, node))?.state !== 'enrolled') throw new DomainError('node_not_found');
  const approval = { kind: 'reference', subject: node, pcr: Number(pcr), key, ...causeOf(given) } as const;
  return ok({ version: await approve(deps, caller, approval) });
}

export const route: Route = {
  method: 'POST',
  path: '/v1/attestation/reference/approve',
  action: 'attestation.approve_reference',
  handler,
};
