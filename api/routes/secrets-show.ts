import { countLive } from '../../db/read/leases.ts';
import { showSlot } from '../../db/read/secrets.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import type { ApiDeps } from '../deps.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';
import { slotName } from '../secret-request.ts';

async function handler(call: Call, { db }: ApiDeps): Promise<Reply> {
  const slot = slotName(call);
  const { workspace_id } = call.caller;
  const shown = await showSlot(db, workspace_id, slot);
  if (shown === undefined) throw new DomainError('secret_not_found');
  return ok({ ...shown, live_leases: await countLive(db, workspace_id, { slot }) });
}

export const route: Route = { method: 'GET', path: '/v1/secrets/:slot', action: 'secret.read', handler };
