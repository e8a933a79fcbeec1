import { openOverride } from '../../db/command/open-override.ts';
import { findOverride } from '../../db/read/overrides.ts';
import { overrideProblem } from '../../domain/export/override.ts';
import { readJson } from '../body.ts';
import type { ApiDeps } from '../deps.ts';
import { invalidFields, REASON, readFields, TICKET } from '../fields.ts';
import { refuseWith } from '../instance.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';
import { decisionKey } from '../decision-key.ts';

const RULES = {
  required: { ticket: TICKET, reason: REASON },
  optional: {},
  values: { for_seconds: (value: unknown) => overrideProblem(value)?.code ?? null },
};

/** The answer names the override as it stands: what it lifts, one export uses, once. */
async function handler({ req, caller }: Call, { db }: ApiDeps): Promise<Reply> {
  const { ticket, reason, for_seconds } = readFields(await readJson(req), RULES);
  const seconds =
    typeof for_seconds === 'number' ? for_seconds : invalidFields({ path: 'for_seconds', code: 'required' });
  const key = decisionKey(req, { kind: 'override', ticket, reason, seconds });
  const opened = await openOverride(db, caller, { ticket: ticket.trim(), reason: reason.trim(), seconds, key });
  if (!opened.ok) return refuseWith(opened.code);
  return { status: 201, body: await findOverride(db, caller.workspace_id, opened.override_id) };
}

export const route: Route = { method: 'POST', path: '/v1/exports/overrides', action: 'override.open', handler };
