import { listExports } from '../../db/read/exports.ts';
import { EXPORT_REASONS, EXPORT_STATES } from '../../domain/export/types.ts';
import { isBundleName } from '../../domain/registry/manifest.ts';
import { encodeCursor, recoveryPosition } from '../cursor.ts';
import type { ApiDeps } from '../deps.ts';
import { exportView } from '../export-view.ts';
import { invalidFields } from '../fields.ts';
import { nextLink, oneOf, readLimit, readQuery } from '../query.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

const PATH = '/v1/exports';

/** Exports, newest first. */
async function handler({ query, caller }: Call, { db }: ApiDeps): Promise<Reply> {
  const given = readQuery(query, ['limit', 'cursor', 'state', 'bundle', 'reason']);
  const { bundle: name } = given;
  if (name !== undefined && !isBundleName(name)) return invalidFields({ path: 'bundle', code: 'invalid_value' });
  const state = oneOf(given.state, 'state', EXPORT_STATES);
  const reason_code = oneOf(given.reason, 'reason', EXPORT_REASONS);
  const { items, next } = await listExports(db, {
    workspace_id: caller.workspace_id,
    limit: readLimit(given.limit),
    ...(state === undefined ? {} : { state }),
    ...(name === undefined ? {} : { name }),
    ...(reason_code === undefined ? {} : { reason_code }),
    ...(given.cursor === undefined ? {} : { after: recoveryPosition(given.cursor) }),
  });
  const following = next === null ? null : encodeCursor([next.created_at, next.id]);
  return ok(items.map(exportView), nextLink(PATH, query, following));
}

export const route: Route = { method: 'GET', path: PATH, action: 'export.read', handler };
