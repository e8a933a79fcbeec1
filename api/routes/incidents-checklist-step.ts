import { recordChecklistStep } from '../../db/command/record-checklist-step.ts';
import { OUTCOMES } from '../../domain/checklist/checklist.ts';
import type { Outcome } from '../../domain/checklist/checklist.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import { readJson } from '../body.ts';
import { checklistDigest } from '../checklist-view.ts';
import { decisionKey } from '../decision-key.ts';
import type { ApiDeps } from '../deps.ts';
import { invalidFields, optionalDigestProblem, readFields, REASON } from '../fields.ts';
import { refuseWith } from '../instance.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';
import { requireIncident } from '../streams/stream-request.ts';

const isOutcome = (value: unknown): value is Outcome => OUTCOMES.includes(value as Outcome);

function exitProblem(value: unknown): string | null {
  if (value === undefined) return null;
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 255 ? null : 'invalid_value';
}

const RULES = {
  required: { digest: { max: 64 } },
  optional: { note: REASON },
  values: {
    outcome: (value: unknown) => (value === undefined ? 'required' : isOutcome(value) ? null : 'invalid_value'),
    exit_code: exitProblem,
    output_sha256: optionalDigestProblem,
  },
};

async function handler(call: Call, deps: ApiDeps): Promise<Reply> {
  const { req, params, caller } = call;
  const incident_id = await requireIncident(call, deps);
  const checklist = deps.checklists.get(params['checklist'] ?? '');
  const step = checklist?.steps.find(({ id }) => id === params['step']);
  if (checklist === undefined || step === undefined) throw new DomainError('not_found');
  const { digest, note, outcome, exit_code, output_sha256 } = readFields(await readJson(req), RULES);
  if (digest !== checklistDigest(checklist)) throw new DomainError('checklist_changed');
  if (!isOutcome(outcome)) throw new Error('an outcome that was checked is none');
  if (outcome !== 'done' && note === undefined) return invalidFields({ path: 'note', code: 'required' });
  const taken = {
    incident_id,
    checklist: checklist.name,
    checklist_digest: digest,
    step: step.id,
    outcome,
    note: note?.trim() ?? null,
    exit_code: exit_code === undefined ? null : Number(exit_code),
    output_sha256: typeof output_sha256 === 'string' ? output_sha256 : null,
  };
  const key = decisionKey(req, taken);
  const recorded = await recordChecklistStep(deps.db, caller, { ...taken, key });
  return recorded.ok
    ? { status: 201, body: { step: step.id, outcome, n: recorded.n, at: recorded.at } }
    : refuseWith(recorded.code);
}

export const route: Route = {
  method: 'POST',
  path: '/v1/incidents/:id/checklists/:checklist/:step',
  action: 'incident.checklist',
  handler,
};
