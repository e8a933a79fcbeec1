import { activatePolicy } from '../../db/command/policies.ts';
import { loadUpstreams } from '../../db/command/upstreams.ts';
import { readOptionalJson } from '../body.ts';
import type { ApiDeps } from '../deps.ts';
import { readFields } from '../fields.ts';
import { requireInstance } from '../instance.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

/**
 * Reads the reviewed files again, for every workspace: roles held in `default` decide it. Where one does not parse strictly all
 * stay as they are.
 */
async function handler({ req, caller }: Call, { db, readPolicyFile, readUpstreamsFile, log }: ApiDeps): Promise<Reply> {
  requireInstance(caller);
  const body = await readOptionalJson(req);
  if (body !== undefined) readFields(body, { required: {}, optional: {} });
  const [policy, upstreams] = await Promise.all([readPolicyFile(), readUpstreamsFile()]);
  const policy_digest = await activatePolicy(db, policy, caller.actor);
  const upstreams_digest = upstreams === null ? null : await loadUpstreams(db, upstreams, caller.actor);
  log.info({ event: 'policy.reloaded', policy_digest, upstreams_digest, actor: caller.actor });
  return ok({ status: 'reloaded', policy_digest, ...(upstreams_digest === null ? {} : { upstreams_digest }) });
}

export const route: Route = { method: 'POST', path: '/api/v1/reload', action: 'policy.reload', handler };
