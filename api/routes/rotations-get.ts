import { getRotation } from '../../db/read/rotations.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import type { ApiDeps } from '../deps.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import { rotationView } from '../rotation-view.ts';
import type { Call, Route } from '../route.ts';

async function handler({ params, caller }: Call, { db }: ApiDeps): Promise<Reply> {
  const record = await getRotation(db, caller.workspace_id, params['id'] ?? '');
  if (record === undefined) throw new DomainError('rotation_not_found');
  const steps = record.steps.map(({ at, step, undo, outcome, code, evidence }) => ({
    at,
    step,
    undo,
    outcome,
    code,
    evidence,
  }));
  return ok({ ...rotationView(record), steps });
}

export const route: Route = { method: 'GET', path: '/v1/rotations/:id', action: 'rotation.read', handler };
