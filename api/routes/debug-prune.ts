import { pruneCaptures } from '../../db/command/prune-captures.ts';
import { readJson } from '../body.ts';
import type { ApiDeps } from '../deps.ts';
import { readFields } from '../fields.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';
import { isInstant, isWindowId } from '../runtime-request.ts';

const optional =
  (holds: (value: unknown) => boolean) =>
  (value: unknown): string | null =>
    value === undefined || holds(value) ? null : typeof value === 'string' ? 'invalid_value' : 'invalid_type';

const RULES = { required: {}, optional: {}, values: { before: optional(isInstant), window_id: optional(isWindowId) } };

/** One bounded batch; whoever wants more gone asks again. A repeat deletes what is left, so it needs no key. */
async function handler({ req, caller }: Call, { db }: ApiDeps): Promise<Reply> {
  const { before, window_id } = readFields(await readJson(req), RULES);
  return ok(
    await pruneCaptures(db, caller, {
      ...(isInstant(before) ? { before } : {}),
      ...(isWindowId(window_id) ? { window_id } : {}),
    }),
  );
}

export const route: Route = { method: 'POST', path: '/v1/debug/prune', action: 'debug.prune', handler };
