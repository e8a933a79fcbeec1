import { getToken } from '../../db/read/tokens.ts';
import { tokenView } from '../../domain/identity/token.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import type { ApiDeps } from '../deps.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';
import { tokenSha256 } from '../token-request.ts';

async function handler(call: Call, { db }: ApiDeps): Promise<Reply> {
  const row = await getToken(db, call.caller.workspace_id, tokenSha256(call));
  if (row === undefined) throw new DomainError('token_not_found');
  return ok(tokenView(row));
}

export const route: Route = { method: 'GET', path: '/v1/tokens/:sha256', action: 'token.read', handler };
