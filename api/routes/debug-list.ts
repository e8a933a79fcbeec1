import { listCaptures } from '../../db/read/captures.ts';
import { encodeCursor, recoveryPosition } from '../cursor.ts';
import type { ApiDeps } from '../deps.ts';
import { nextLink, readLimit, readQuery } from '../query.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';
import { windowRule } from '../runtime-request.ts';

const PATH = '/v1/debug/captures';

/** What was captured, newest first; bodies are shown one at a time. */
async function handler({ query, caller }: Call, { db }: ApiDeps): Promise<Reply> {
  const { limit, cursor, window } = readQuery(query, ['limit', 'cursor', 'window']);
  const { items, next } = await listCaptures(db, {
    workspace_id: caller.workspace_id,
    limit: readLimit(limit),
    ...(window === undefined ? {} : { window_id: windowRule(window, 'window') }),
    ...(cursor === undefined ? {} : { after: recoveryPosition(cursor) }),
  });
  return ok(items, nextLink(PATH, query, next === null ? null : encodeCursor([next.created_at, next.id])));
}

export const route: Route = { method: 'GET', path: PATH, action: 'debug.read', handler };
