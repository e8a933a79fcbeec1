import { revokeKey } from '../../db/command/register-key.ts';
import { findKey } from '../../db/read/operator-keys.ts';
import { may } from '../../domain/identity/roles.ts';
import { readOptionalJson } from '../body.ts';
import { decisionKey } from '../decision-key.ts';
import type { ApiDeps } from '../deps.ts';
import { readFields } from '../fields.ts';
import { refuseWith } from '../instance.ts';
import { keyId, keyView } from '../key-request.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

/** One's own key, or with the role for it anybody's. */
async function handler(call: Call, { db }: ApiDeps): Promise<Reply> {
  const key_id = keyId(call);
  const body = await readOptionalJson(call.req);
  if (body !== undefined) readFields(body, { required: {}, optional: {} });
  const anyKey = may(call.principal.roles, 'key.revoke_other');
  const decision = decisionKey(call.req, { kind: 'revoke', key_id });
  const revoked = await revokeKey(db, call.caller, { key_id, anyKey }, decision);
  if (!revoked.ok) return refuseWith(revoked.code);
  const key = await findKey(db, call.caller.workspace_id, key_id);
  return ok(key === undefined ? null : keyView(key));
}

export const route: Route = { method: 'POST', path: '/v1/keys/:id/revoke', action: 'key.revoke', handler };
