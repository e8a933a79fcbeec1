import { showCapture } from '../../db/command/show-capture.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import type { ApiDeps } from '../deps.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

const CAPTURE_ID = /^DBG-\d{8}-[0-9a-f]{16}$/;

/** One capture with its bodies; the ledger has who read it. */
async function handler({ params, caller }: Call, { db, masterKey }: ApiDeps): Promise<Reply> {
  const id = params['id'] ?? '';
  const shown = CAPTURE_ID.test(id) ? await showCapture({ db, masterKey }, caller, id) : undefined;
  if (shown === undefined) throw new DomainError('capture_not_found');
  return ok(shown);
}

export const route: Route = { method: 'GET', path: '/v1/debug/captures/:id', action: 'debug.read', handler };
