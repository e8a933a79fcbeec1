import { listTokens } from '../../db/read/tokens.ts';
import { tokenView } from '../../domain/identity/token.ts';
import { encodeCursor, recoveryPosition } from '../cursor.ts';
import type { ApiDeps } from '../deps.ts';
import { nextLink, readLimit, readQuery } from '../query.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

const PATH = '/v1/tokens';

async function handler({ query, caller }: Call, { db }: ApiDeps): Promise<Reply> {
  const { limit, cursor } = readQuery(query, ['limit', 'cursor']);
  const place = cursor === undefined ? undefined : recoveryPosition(cursor);
  const { items, next } = await listTokens(db, {
    workspace_id: caller.workspace_id,
    limit: readLimit(limit),
    ...(place === undefined ? {} : { after: { created_at: place.created_at, token_sha256: place.id } }),
  });
  const following = next === null ? null : encodeCursor([next.created_at, next.token_sha256]);
  return ok(items.map(tokenView), nextLink(PATH, query, following));
}

export const route: Route = { method: 'GET', path: PATH, action: 'token.read', handler };
