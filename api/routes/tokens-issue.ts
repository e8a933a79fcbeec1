import { issueToken } from '../../db/command/tokens.ts';
import { tokenView } from '../../domain/identity/token.ts';
import { sourceOf } from '../auth/authenticate.ts';
import { readJson } from '../body.ts';
import { decisionKey } from '../decision-key.ts';
import type { ApiDeps } from '../deps.ts';
import { refuseWith } from '../instance.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';
import { readTerms } from '../token-request.ts';

/** The text of the token is in the first answer and nowhere else; a repeat is answered without it. */
async function handler({ req, caller }: Call, { db, auth }: ApiDeps): Promise<Reply> {
  const terms = readTerms(await readJson(req));
  const issued = await issueToken(db, caller, terms, decisionKey(req, { kind: 'token.issue', terms }));
  if (!issued.ok) return refuseWith(issued.code);
  const { token, row } = issued;
  if (token === undefined) return { status: 200, body: tokenView(row) };
  const detail = { user: row.user_id, roles: row.roles.join(' '), workspace_id: row.workspace_id };
  auth.trail?.write({ code: 'token_issued', source: sourceOf(req), actor: caller.actor, detail });
  return { status: 201, body: { token, ...tokenView(row) } };
}

export const route: Route = { method: 'POST', path: '/v1/tokens', action: 'token.issue', handler };
