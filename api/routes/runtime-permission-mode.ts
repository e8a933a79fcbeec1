import { setPermissionMode } from '../../db/command/permission-mode.ts';
import { may } from '../../domain/identity/roles.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import { PERMISSION_MODES } from '../../domain/runtime/posture.ts';
import { readJson } from '../body.ts';
import { decisionKey } from '../decision-key.ts';
import type { ApiDeps } from '../deps.ts';
import { readFields } from '../fields.ts';
import { refuseWith } from '../instance.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

const modeProblem = (value: unknown): string | null => {
  if (value === undefined) return 'required';
  return PERMISSION_MODES.some((mode) => mode === value) ? null : 'invalid_value';
};

/** Whoever responds may take the posture; giving it up is for who answers for it. */
async function handler({ req, caller, principal }: Call, { db }: ApiDeps): Promise<Reply> {
  const given = readFields(await readJson(req), {
    required: {},
    optional: {},
    values: { permission_mode: modeProblem },
  });
  const mode = given.permission_mode === 'dont-ask' ? 'dont-ask' : 'ask';
  if (mode === 'ask' && !may(principal.roles, 'runtime.loosen')) throw new DomainError('not_permitted');
  const key = decisionKey(req, { kind: 'permission_mode', mode });
  const set = await setPermissionMode(db, caller, { mode, key });
  if (!set.ok) return refuseWith(set.code);
  return ok({ permission_mode: set.permission_mode, before: set.before, refused: set.refused });
}

export const route: Route = { method: 'POST', path: '/v1/runtime/permission-mode', action: 'runtime.tighten', handler };
