import { listAudit } from '../../db/read/audit.ts';
import type { AuditFilter, AuditRow } from '../../db/read/audit.ts';
import { entityOf } from '../../domain/ledger/entity.ts';
import { entryId } from '../../domain/ledger/position.ts';
import { auditPosition, encodeCursor } from '../cursor.ts';
import type { ApiDeps } from '../deps.ts';
import { invalidFields, textProblem } from '../fields.ts';
import { nextLink, readLimit, readQuery } from '../query.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';
import { readSince } from '../since.ts';

const PATH = '/v1/audit';

/** Who did what to what, newest first. */
async function handler({ query, caller }: Call, { db }: ApiDeps): Promise<Reply> {
  const { items, next } = await listAudit(db, { workspace_id: caller.workspace_id, ...filterOf(query) });
  const cursor = next === null ? null : encodeCursor([next.at, next.entry_id]);
  return ok(items.map(viewOf), nextLink(PATH, query, cursor));
}

const viewOf = (row: AuditRow) => ({
  id: entryId(row.epoch, row.index),
  ts: row.at,
  user_id: row.actor,
  on_behalf_of: row.on_behalf_of,
  action: row.action,
  ...entityOf(row.object),
  workspace_id: row.workspace_id,
});

function filterOf(query: URLSearchParams): Omit<AuditFilter, 'workspace_id'> {
  const { cursor, limit, ...given } = readQuery(query, [
    'since',
    'until',
    'actor',
    'action',
    'entity',
    'limit',
    'cursor',
  ]);
  const since = readSince(given.since, 'since');
  const until = readSince(given.until, 'until');
  return {
    limit: readLimit(limit),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    ...words(given),
    ...(cursor === undefined ? {} : { after: auditPosition(cursor) }),
  };
}

function words(given: Partial<Record<'actor' | 'action' | 'entity', string>>): Pick<AuditFilter, 'actor' | 'action'> {
  const names = (['actor', 'action', 'entity'] as const).filter((name) => given[name] !== undefined);
  for (const path of names) {
    const code = textProblem(given[path], { max: 2048 });
    if (code !== null) invalidFields({ path, code });
  }
  return Object.fromEntries(names.map((name) => [name, given[name]]));
}

export const route: Route = { method: 'GET', path: PATH, action: 'incident.read', handler };
