import { ledgerLines } from '../../db/read/waivers.ts';
import { encodeCursor, notificationPosition } from '../cursor.ts';
import type { ApiDeps } from '../deps.ts';
import { digestParameter } from '../governance-request.ts';
import { nextLink, readLimit, readQuery } from '../query.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

/** The lines of a bundle's ledger as they stand in its folder, in order; one without waivers has none. */
async function handler({ params, query, caller }: Call, { db }: ApiDeps): Promise<Reply> {
  const bundle_digest = digestParameter(params['digest'] ?? '', 'digest');
  const { limit: asked, cursor } = readQuery(query, ['limit', 'cursor']);
  const limit = Math.min(readLimit(asked), 200);
  const after = cursor === undefined ? 0 : notificationPosition(cursor);
  const found = await ledgerLines(db, { workspace_id: caller.workspace_id, bundle_digest, after, limit: limit + 1 });
  const items = found.slice(0, limit);
  const more = found.length > limit ? encodeCursor([items.at(-1)?.seq ?? 0]) : null;
  return ok(
    items.map(({ line }) => line),
    nextLink(`/v1/governance/ledgers/${bundle_digest}`, query, more),
  );
}

export const route: Route = { method: 'GET', path: '/v1/governance/ledgers/:digest', action: 'waiver.read', handler };
