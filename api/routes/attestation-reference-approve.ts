import { enrolledNode } from '../../db/command/enrol.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import { readJson } from '../body.ts';
import type { ApiDeps } from '../deps.ts';
import { NAME, REASON, readFields, TICKET } from '../fields.ts';
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

const RULES = { required: { node: NAME, reason: REASON }, optional: { ticket: TICKET }, values: { pcr: pcrProblem } };

async function handler({ req, caller }: Call, deps: ApiDeps): Promise<Reply> {
  requireInstance(caller);
  const key = idempotencyKey(req);
  const { node, pcr, reason, ticket } = readFields(await readJson(req), RULES);
  if ((await enrolledNode(deps.db, node))?.state !== 'enrolled') throw new DomainError('node_not_found');
  const why = { reason: reason.trim(), ...(ticket === undefined ? {} : { ticket: ticket.trim() }) };
  return ok({
    version: await approve(deps, caller, { kind: 'reference', subject: node, pcr: Number(pcr), key, ...why }),
  });
}

export const route: Route = {
  method: 'POST',
  path: '/v1/attestation/reference/approve',
  action: 'attestation.approve_reference',
  handler,
};
