import { StepFailure } from '../../../activities/rotation/strategy.ts';
import type { RotationStrategy, StepContext } from '../../../activities/rotation/strategy.ts';
import { requestDigest } from '../../../db/command/decisions.ts';
import { restartChild } from '../../../db/command/restart-child.ts';
import { childRun } from '../../../db/read/child-runs.ts';
import { oldRuns, proveNewRun, proveOldRun, remembered, toRemember } from '../child-runs.ts';
import type { StrategyDeps } from '../strategies.ts';

const byOf = ({ workspace_id, requested_by }: StepContext) => ({
  workspace_id,
  actor: 'token-rotation',
  on_behalf_of: requested_by,
});

/**
 * The token that a child adapter fetches its credentials and renews its lease by. A run is given one when it is started, so
 * that another token is another run; the old one cannot come back, and there is nothing to put back.
 */
const provisioningToken = ({ db }: StrategyDeps): RotationStrategy => ({
  row: 'provisioning_token',
  inspect: async ({ workspace_id, subject }) => {
    const run = await childRun(db, workspace_id, subject);
    if (run === undefined) throw new StepFailure('adapter_not_found');
    const [old] = oldRuns([run]);
    return { evidence: { lease: old?.lease_id }, memory: toRemember(oldRuns([run])) };
  },
  stage: async () => ({ evidence: { made: 'when the child is started' } }),
  cut_over: async (context) => {
    const { rotation_id, subject: name } = context;
    const key = { decision_id: `${rotation_id}/cut_over`, request_digest: requestDigest({ kind: 'restart', name }) };
    const restarted = await restartChild(db, byOf(context), { name, key });
    if (!restarted.ok) throw new StepFailure(restarted.code);
    return { evidence: { adapter_version: restarted.version } };
  },
  prove_new: async (context) => {
    const [old] = remembered(context.memory);
    if (old === undefined) throw new StepFailure('old_run_missing');
    return { evidence: await proveNewRun(db, byOf(context), old) };
  },
  prove_old: async (context) => {
    const [old] = remembered(context.memory);
    if (old === undefined) throw new StepFailure('old_run_missing');
    return { evidence: await proveOldRun(db, context, old) };
  },
  revoke: async ({ workspace_id, subject, memory }) => {
    const run = await childRun(db, workspace_id, subject);
    if (run !== undefined && remembered(memory).some(({ lease_id }) => lease_id === run.lease_id))
      throw new StepFailure('old_lease_accepted', { retry: true });
  },
  undo: async () => undefined,
});

/** The token of a child adapter. */
export const createStrategies = (deps: StrategyDeps): RotationStrategy[] => [provisioningToken(deps)];
