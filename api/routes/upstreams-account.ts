import { upstreamAccount } from '../../db/read/upstreams.ts';
import { upstreamWithAccount } from '../ask-upstream.ts';
import type { ApiDeps } from '../deps.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

const NEVER = { state: 'logged_out', issuer: null, scope: null, refreshable: false, expires_at: null, error: null };

/** What is known of an OAuth account; its tokens are not. */
async function handler(call: Call, deps: ApiDeps): Promise<Reply> {
  const { name, oauth } = await upstreamWithAccount(deps, call);
  const account = (await upstreamAccount(deps.db, name)) ?? { ...NEVER, changed_at: null };
  const { state, issuer, scope, refreshable, expires_at, changed_at, error } = account;
  return ok({ name, grant: oauth?.grant, state, issuer, scope, refreshable, expires_at, changed_at, error });
}

export const route: Route = { method: 'GET', path: '/v1/upstreams/:name/account', action: 'upstream.read', handler };
