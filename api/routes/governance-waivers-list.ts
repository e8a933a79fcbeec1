import { listWaivers } from '../../db/read/waivers.ts';
import { encodeCursor, recoveryPosition } from '../cursor.ts';
import type { ApiDeps } from '../deps.ts';
import { digestParameter, waiverView } from '../governance-request.ts';
import { nextLink, readLimit, readQuery } from '../query.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

const PATH = '/v1/governance/waivers';

/** Newest first; justifications are shown one at a time. */
async function handler({ query, caller }: Call, { db }: ApiDeps): Promise<Reply> {
  const { limit, cursor, bundle } = readQuery(query, ['limit', 'cursor', 'bundle']);
  const { items, next } = await listWaivers(db, {
    workspace_id: caller.workspace_id,
    limit: readLimit(limit),
    ...(bundle === undefined ? {} : { bundle_digest: digestParameter(bundle, 'bundle') }),
    ...(cursor === undefined ? {} : { after: recoveryPosition(cursor) }),
  });
  const at = next === null ? null : encodeCursor([next.created_at, next.id]);
  return ok(items.map(waiverView), nextLink(PATH, query, at));
}

export const route: Route = { method: 'GET', path: PATH, action: 'waiver.read', handler };
