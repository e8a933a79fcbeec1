import { findOverride } from '../../db/read/overrides.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import type { ApiDeps } from '../deps.ts';
import { overrideId } from '../governance-request.ts';
import { readQuery } from '../query.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

async function handler(call: Call, { db }: ApiDeps): Promise<Reply> {
  readQuery(call.query, []);
  const found = await findOverride(db, call.caller.workspace_id, overrideId(call));
  if (found === undefined) throw new DomainError('override_not_found');
  return ok(found);
}

export const route: Route = { method: 'GET', path: '/v1/exports/overrides/:id', action: 'override.read', handler };
