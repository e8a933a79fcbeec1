import { activeHooks } from '../../db/command/apply-hooks.ts';
import type { ApiDeps } from '../deps.ts';
import { requireInstance } from '../instance.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

async function handler({ caller }: Call, { db }: ApiDeps): Promise<Reply> {
  requireInstance(caller);
  const active = await activeHooks(db);
  if (active === undefined) return ok({ digest: null, hooks: [] });
  const { digest, activated_at, actor, set } = active;
  return ok({ digest, activated_at, activated_by: actor, hooks: set.hooks });
}

export const route: Route = { method: 'GET', path: '/v1/hooks', action: 'hooks.read', handler };
