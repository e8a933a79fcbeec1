import { one } from '../../db/client.ts';
import { instanceName } from '../../db/read/operator-keys.ts';
import { bundlesOfTransition } from '../../db/read/waivers.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import { digestName } from '../../domain/registry/digest.ts';
import type { ApiDeps } from '../deps.ts';
import { digestParameter } from '../governance-request.ts';
import { readQuery } from '../query.ts';
import { ok } from '../reply.ts';
import type { Reply } from '../reply.ts';
import type { Call, Route } from '../route.ts';

/** What a waiver has to name: where it is for, the bundles of its transition, and the time that it will be judged by. */
async function handler({ query, caller }: Call, { db }: ApiDeps): Promise<Reply> {
  const { transition = '' } = readQuery(query, ['transition']);
  const transition_digest = digestParameter(transition, 'transition');
  const { workspace_id } = caller;
  const [instance, clock, bundles] = await Promise.all([
    instanceName(db),
    one<{ now: string }>(db, `SELECT date_trunc('milliseconds', clock_timestamp()) AS now`),
    bundlesOfTransition(db, workspace_id, transition_digest),
  ]);
  if (instance === undefined) throw new DomainError('ledger_unpublished');
  return ok({
    instance,
    workspace: workspace_id,
    now: clock?.now,
    bundles: bundles.map(({ digest, ...id }) => ({ ...id, digest: digestName(digest) })),
  });
}

export const route: Route = { method: 'GET', path: '/v1/governance/signable', action: 'waiver.read', handler };
