import { checkGate } from '../../db/read/check-gate.ts';
import { GATES } from '../../domain/containment/types.ts';
import { problem } from '../../domain/problem/problem.ts';
import { readJson } from '../body.ts';
import type { ApiDeps } from '../deps.ts';
import { problemFor, problemHeaders } from '../failures.ts';
import { invalidFields, readFields } from '../fields.ts';
import { ok, PROBLEM_TYPE } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

const RULES = { required: { gate: { max: 64 } }, optional: { target: { max: 4096 } } };

/** Closed when it cannot tell: an error of the record is answered with `open: false` too. */
async function handler({ req, caller }: Call, { db }: ApiDeps): Promise<Reply> {
  const { gate: name, target } = readFields(await readJson(req), RULES);
  const gate = GATES.find((g) => g === name);
  if (gate === undefined) return invalidFields({ path: 'gate', code: 'unknown_gate' });
  try {
    return ok(await checkGate(db, caller.workspace_id, gate, target));
  } catch (error) {
    const said = problemFor(error);
    const unknown = said.status === 503 ? said : problem('database_unreachable');
    const headers = { 'Content-Type': PROBLEM_TYPE, ...problemHeaders(503) };
    return { status: 503, body: { ...unknown, open: false, holds: [] }, headers };
  }
}

export const route: Route = { method: 'POST', path: '/v1/gates/check', action: 'gates.check', handler };
