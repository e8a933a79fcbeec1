import { disableToken } from '../../db/command/tokens.ts';
import { tokenView } from '../../domain/identity/token.ts';
import { sourceOf } from '../auth/authenticate.ts';
import { readOptionalJson } from '../body.ts';
import type { ApiDeps } from '../deps.ts';
import { readFields } from '../fields.ts';
import { refuseWith } from '../instance.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';
import { tokenSha256 } from '../token-request.ts';

/** Disabling what is disabled changes nothing: a retry needs no key of its own. */
async function handler(call: Call, { db, auth }: ApiDeps): Promise<Reply> {
  const { req, caller } = call;
  const token_sha256 = tokenSha256(call);
  readFields((await readOptionalJson(req)) ?? {}, { required: {}, optional: {} });
  const disabled = await disableToken(db, caller, { token_sha256 });
  if (!disabled.ok) return refuseWith(disabled.code);
  const { row } = disabled;
  const detail = { user: row.user_id, workspace_id: row.workspace_id };
  auth.trail?.write({ code: 'token_disabled', source: sourceOf(req), actor: caller.actor, detail });
  return ok(tokenView(row));
}

export const route: Route = { method: 'POST', path: '/v1/tokens/:sha256/disable', action: 'token.disable', handler };
