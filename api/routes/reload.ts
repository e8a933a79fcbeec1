import { activatePolicy } from '../../db/command/policies.ts';
import { readOptionalJson } from '../body.ts';
import type { ApiDeps } from '../deps.ts';
import { readFields } from '../fields.ts';
import { requireInstance } from '../instance.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

/** Reads the reviewed file again, for every workspace: roles held in `default` decide it. One that does not parse strictly leaves the policy in force. */
async function handler({ req, caller }: Call, { db, readPolicyFile, log }: ApiDeps): Promise<Reply> {
  requireInstance(caller);
  const body = await readOptionalJson(req);
  if (body !== undefined) readFields(body, { required: {}, optional: {} });
  const policy_digest = await activatePolicy(db, await readPolicyFile(), caller.actor);
  log.info({ event: 'policy.reloaded', policy_digest, actor: caller.actor });
  return ok({ status: 'reloaded', policy_digest });
}

export const route: Route = { method: 'POST', path: '/api/v1/reload', action: 'policy.reload', handler };
