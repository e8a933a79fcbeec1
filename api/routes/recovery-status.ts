import { tallies } from '../../db/read/counts.ts';
import { pendingRecoveries } from '../../db/read/pending-recoveries.ts';
import { requirementOf } from '../../domain/incident/requirement.ts';
import { encodeCursor, recoveryPosition } from '../cursor.ts';
import type { ApiDeps } from '../deps.ts';
import { nextLink, readLimit, readQuery } from '../query.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

const PATH = '/api/v1/recovery/status';

async function handler({ query, caller }: Call, { db }: ApiDeps): Promise<Reply> {
  const { limit, cursor } = readQuery(query, ['limit', 'cursor']);
  const { workspace_id } = caller;
  const after = cursor === undefined ? {} : { after: recoveryPosition(cursor) };
  const { items, next } = await pendingRecoveries(db, { workspace_id, limit: readLimit(limit), ...after });
  const { recovery_pending: count } = await tallies(db, workspace_id);
  const behind = next === null ? null : encodeCursor([next.created_at, next.id]);
  return ok({ pending_recoveries: items.map(requirementOf), count }, nextLink(PATH, query, behind));
}

export const route: Route = { method: 'GET', path: PATH, action: 'incident.read', handler };
