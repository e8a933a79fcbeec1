import { sequencedEntries } from '../../db/read/entries.ts';
import type { ApiDeps } from '../deps.ts';
import { readIndex } from '../ledger-query.ts';
import { requirePublished } from '../published-log.ts';
import { nextLink, readLimit, readQuery } from '../query.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

/** Entries of the caller's workspace in the order of the log, from an index on. */
async function handler({ query, caller }: Call, deps: ApiDeps): Promise<Reply> {
  const { cursor, from, limit } = readQuery(query, ['from', 'limit', 'cursor']);
  const n = readLimit(limit);
  const start = cursor === undefined ? readIndex(from ?? '0', 'from') : readIndex(cursor, 'cursor');
  const { epoch, size } = await requirePublished(deps);
  const found = await sequencedEntries(deps.db, { ...caller, epoch, from: start, below: size, limit: n + 1 });
  const items = found.slice(0, n);
  const next = found[n]?.index;
  const link = nextLink('/v1/ledger/entries', query, next === undefined ? null : String(next));
  return ok(
    items.map(({ index, leaf }) => ({ id: `${epoch}-${index}`, index, entry: JSON.parse(leaf) as unknown })),
    link,
  );
}

export const route: Route = { method: 'GET', path: '/v1/ledger/entries', action: 'incident.read', handler };
