import { clearOverride } from '../../db/command/clear-override.ts';
import { readOptionalJson } from '../body.ts';
import type { ApiDeps } from '../deps.ts';
import { readFields } from '../fields.ts';
import { refuseWith } from '../instance.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';
import { decisionKey } from '../decision-key.ts';

async function handler({ req, caller }: Call, { db }: ApiDeps): Promise<Reply> {
  const body = await readOptionalJson(req);
  if (body !== undefined) readFields(body, { required: {}, optional: {} });
  const cleared = await clearOverride(db, caller, { key: decisionKey(req, { kind: 'override-clear' }) });
  return cleared.ok ? ok({ override: null, cleared: cleared.cleared }) : refuseWith(cleared.code);
}

export const route: Route = { method: 'POST', path: '/v1/exports/overrides/clear', action: 'override.clear', handler };
