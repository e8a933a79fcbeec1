import { closeCapture } from '../../db/command/close-capture.ts';
import { openCapture } from '../../db/command/open-capture.ts';
import { may } from '../../domain/identity/roles.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import { DEBUG_LEVELS, windowProblem } from '../../domain/runtime/capture-window.ts';
import type { DebugLevel } from '../../domain/runtime/capture-window.ts';
import { readJson } from '../body.ts';
import type { ApiDeps } from '../deps.ts';
import { invalidFields, readFields, TICKET } from '../fields.ts';
import { refuseWith } from '../instance.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';
import { decisionKey } from '../decision-key.ts';

const levelProblem = (value: unknown): string | null => {
  if (value === undefined) return 'required';
  return DEBUG_LEVELS.some((level) => level === value) ? null : 'invalid_value';
};
const secondsProblem = (value: unknown): string | null =>
  value === undefined || typeof value === 'number' ? null : 'invalid_type';

const RULES = {
  required: {},
  optional: { ticket: TICKET },
  values: { level: levelProblem, for_seconds: secondsProblem },
};

/** Whoever responds may close a window; opening one is for who answers for what it keeps. */
async function handler({ req, caller, principal }: Call, { db, masterKey }: ApiDeps): Promise<Reply> {
  const { level: word, for_seconds: seconds, ticket = null } = readFields(await readJson(req), RULES);
  const level = word as DebugLevel;
  const key = decisionKey(req, { kind: 'debug', level, seconds: seconds ?? null, ticket });
  if (level === 'off') {
    if (seconds !== undefined || ticket !== null)
      invalidFields({ path: ticket === null ? 'for_seconds' : 'ticket', code: 'not_allowed' });
    const off = await closeCapture(db, caller, { key });
    return off.ok ? ok({ debug_level: 'off', debug_until: null, debug_window: off.closed }) : refuseWith(off.code);
  }
  if (!may(principal.roles, 'runtime.loosen')) throw new DomainError('not_permitted');
  const asked = { level, seconds: typeof seconds === 'number' ? seconds : NaN, ticket };
  const wrong = seconds === undefined ? { path: 'for_seconds', code: 'required' } : windowProblem(asked);
  if (wrong !== null) invalidFields(wrong);
  const opened = await openCapture({ db, masterKey }, caller, { ...asked, key });
  if (!opened.ok) return refuseWith(opened.code);
  const { window_id, not_after } = opened;
  return { status: 201, body: { debug_level: level, debug_until: not_after, debug_window: window_id } };
}

export const route: Route = { method: 'POST', path: '/v1/runtime/debug', action: 'runtime.tighten', handler };
