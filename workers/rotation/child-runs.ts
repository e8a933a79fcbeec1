import { setTimeout as sleep } from 'node:timers/promises';
import { StepFailure } from '../../activities/rotation/strategy.ts';
import type { Memory } from '../../activities/rotation/strategy.ts';
import type { Database } from '../../db/client.ts';
import { answerToLease } from '../../db/command/adapter-children.ts';
import { requestTrial } from '../../db/command/adapter-trial.ts';
import type { Caller } from '../../db/command/caller.ts';
import { findAdapter } from '../../db/read/adapters.ts';
import { childRun } from '../../db/read/child-runs.ts';
import type { ChildRun } from '../../db/read/child-runs.ts';

/** A child is replaced within a second, and says that it lives soon after. */
const REPLACED_WITHIN_MS = 5_000;
/** As a trial by the API: the adapter has 5 s to answer. */
const TRIED_WITHIN_MS = 8_000;
const LOOK_EVERY_MS = 50;

/** The run that a child had when the rotation began. */
export interface OldRun {
  adapter_id: string;
  name: string;
  lease_id: string;
}

/** Throws `StepFailure` child_not_running for one that has no run to replace. */
export function oldRuns(runs: readonly ChildRun[]): OldRun[] {
  return runs.map(({ adapter_id, name, lease_id, heartbeat_at }) => {
    if (lease_id === null || heartbeat_at === null)
      throw new StepFailure('child_not_running', { retry: true, evidence: { adapter: name } });
    return { adapter_id, name, lease_id };
  });
}

export const remembered = ({ runs }: Memory): OldRun[] => JSON.parse(String(runs ?? '[]')) as OldRun[];
export const toRemember = (runs: readonly OldRun[]): Memory => ({ runs: JSON.stringify(runs) });

/**
 * Waits for another run of the child than the old one, that was heard of and that `suits`; then tries it. Throws
 * `StepFailure`: child_not_replaced, trial_failed, trial_unanswered.
 */
export async function proveNewRun(
  db: Database,
  by: Caller,
  old: OldRun,
  suits: (run: ChildRun) => boolean = () => true,
): Promise<{ adapter: string; old_lease: string; new_lease: string }> {
  const { name } = old;
  const deadline = performance.now() + REPLACED_WITHIN_MS;
  for (;;) {
    const run = await childRun(db, by.workspace_id, name);
    if (run?.lease_id != null && run.heartbeat_at !== null && run.lease_id !== old.lease_id && suits(run)) {
      await tryChild(db, by, name);
      const after = await childRun(db, by.workspace_id, name);
      // It was the run of the answer only if it still stands.
      if (after?.lease_id === run.lease_id) return { adapter: name, old_lease: old.lease_id, new_lease: run.lease_id };
    }
    if (performance.now() >= deadline)
      throw new StepFailure('child_not_replaced', { retry: true, evidence: { adapter: name } });
    await sleep(LOOK_EVERY_MS);
  }
}

async function tryChild(db: Database, by: Caller, name: string): Promise<void> {
  const trial = await requestTrial(db, by, name);
  const deadline = performance.now() + TRIED_WITHIN_MS;
  while (trial !== undefined && performance.now() < deadline) {
    const adapter = await findAdapter(db, by.workspace_id, name);
    if (adapter?.trial_done_id === trial) {
      if (adapter.trial_error === null) return;
      throw new StepFailure('trial_failed', { retry: true, evidence: { adapter: name, error: adapter.trial_error } });
    }
    await sleep(LOOK_EVERY_MS);
  }
  throw new StepFailure('trial_unanswered', { retry: true, evidence: { adapter: name } });
}

/** The old run's token opens no slot and renews no lease. Throws `StepFailure`: old_run_missing, old_lease_accepted. */
export async function proveOldRun(
  db: Database,
  { workspace_id }: Pick<Caller, 'workspace_id'>,
  { adapter_id, name, lease_id }: OldRun,
): Promise<{ adapter: string; lease: string; reads: boolean; renews: boolean }> {
  const answer = await answerToLease(db, { workspace_id, adapter_id, lease_id });
  if (answer === undefined) throw new StepFailure('old_run_missing', { evidence: { lease: lease_id } });
  const evidence = { adapter: name, lease: lease_id, ...answer };
  if (answer.reads || answer.renews) throw new StepFailure('old_lease_accepted', { retry: true, evidence });
  return evidence;
}
