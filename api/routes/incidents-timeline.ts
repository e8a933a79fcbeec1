import { publishedEpochs } from '../../db/read/events.ts';
import { topicTimeline } from '../../db/read/timeline.ts';
import { entryId, LOG_START } from '../../domain/ledger/position.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import { encodeCursor, logPosition } from '../cursor.ts';
import type { ApiDeps } from '../deps.ts';
import { nextLink, readLimit, readQuery } from '../query.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';
import { requireIncident } from '../streams/stream-request.ts';

/** What the log says of an incident, its holds, its escalation, and the adapters that it waited for or that restored; in the order of the log. */
async function handler(call: Call, deps: ApiDeps): Promise<Reply> {
  const { cursor, limit } = readQuery(call.query, ['limit', 'cursor']);
  const n = readLimit(limit);
  const from = cursor === undefined ? LOG_START : logPosition(cursor);
  const id = await requireIncident(call, deps);
  const epochs = await publishedEpochs(deps.db);
  if (epochs.length === 0) throw new DomainError('ledger_unpublished');
  const { workspace_id } = call.caller;
  const { items, next } = await topicTimeline(
    deps.db,
    { workspace_id, topic: `incident/${id}`, from, limit: n },
    epochs,
  );
  const link = next === null ? null : encodeCursor([next.epoch, next.index]);
  return ok(
    items.map(({ epoch, index, leaf }) => ({ id: entryId(epoch, index), index, entry: JSON.parse(leaf) as unknown })),
    nextLink(`/v1/incidents/${id}/timeline`, call.query, link),
  );
}

export const route: Route = { method: 'GET', path: '/v1/incidents/:id/timeline', action: 'incident.read', handler };
