import { randomBytes } from 'node:crypto';
import { StepFailure } from '../../../activities/rotation/strategy.ts';
import type { RotationStrategy, StepContext } from '../../../activities/rotation/strategy.ts';
import { requestDigest } from '../../../db/command/decisions.ts';
import { readControlSecret } from '../../../db/command/read-control-secret.ts';
import type { ControlSecret } from '../../../db/command/read-control-secret.ts';
import { rollBackSecret } from '../../../db/command/rollback-secret.ts';
import { setSecret } from '../../../db/command/set-secret.ts';
import { childrenOfSlot } from '../../../db/read/child-runs.ts';
import { controlSlotRolledBackTo, controlSlotVersion } from '../../../db/read/control-slot-version.ts';
import { SecretsError } from '../../../db/secrets-error.ts';
import { isSlotName } from '../../../domain/secret/slot.ts';
import { oldRuns, proveNewRun, proveOldRun, remembered, toRemember } from '../child-runs.ts';
import type { StrategyDeps } from '../strategies.ts';

const ACTOR = 'token-rotation';
const nextOf = (slot: string): string => `${slot}.next`;
const byOf = ({ workspace_id, requested_by }: StepContext) => ({
  workspace_id,
  actor: ACTOR,
  on_behalf_of: requested_by,
});

/**
 * A slot that child adapters are given in their environment. The new value lies in the slot `<name>.next`: an operator's,
 * where another party has to know it, or a random one. With it every child that uses the slot is replaced.
 */
function adapterSlot({ db, masterKey }: StrategyDeps): RotationStrategy {
  const secrets = { db, masterKey };

  const read = ({ workspace_id, rotation_id }: StepContext, slot: string): Promise<ControlSecret> =>
    readControlSecret(secrets, { workspace_id, slot, actor: ACTOR, purpose: `rotation/${rotation_id}` }).catch(refused);

  /** What lies beside the slot counts as staged unless it is what the slot holds already. */
  async function stagedVersion(context: StepContext): Promise<number | undefined> {
    const next = nextOf(context.subject);
    if ((await controlSlotVersion(db, context.workspace_id, next)) === null) return undefined;
    const [staged, current] = [await read(context, next), await read(context, context.subject)];
    const differs = !staged.value.equals(current.value);
    for (const { value } of [staged, current]) value.fill(0);
    return differs ? staged.version : undefined;
  }

  return {
    row: 'adapter_slot',
    inspect: async ({ workspace_id, subject: slot }) => {
      if (!isSlotName(nextOf(slot))) throw new StepFailure('slot_name_invalid');
      const version = await controlSlotVersion(db, workspace_id, slot);
      if (version === null) throw new StepFailure('slot_not_found');
      const runs = oldRuns(await childrenOfSlot(db, workspace_id, slot));
      if (runs.length === 0) throw new StepFailure('slot_unused');
      const leases = runs.map(({ name, lease_id }) => ({ adapter: name, lease: lease_id }));
      return { evidence: { version, leases }, memory: { old_version: version, ...toRemember(runs) } };
    },
    stage: async (context) => {
      const found = await stagedVersion(context);
      if (found !== undefined) return { evidence: { staged_version: found }, memory: { staged_version: found } };
      const value = Buffer.from(randomBytes(32).toString('base64url'));
      const asked = { slot: nextOf(context.subject), value, class: 'control' as const };
      const decision_id = `${context.rotation_id}/stage`;
      const set = await setSecret(secrets, byOf(context), { ...asked, decision_id }).catch(refused);
      value.fill(0);
      if (!set.ok) throw new StepFailure(set.code);
      return { evidence: { staged_version: set.version }, memory: { staged_version: set.version } };
    },
    cut_over: async (context) => {
      const { workspace_id, rotation_id, subject: slot, memory } = context;
      const present = await controlSlotVersion(db, workspace_id, slot);
      const old_version = Number(memory['old_version']);
      if (present !== old_version && present !== old_version + 1) throw new StepFailure('slot_changed');
      const staged = await read(context, nextOf(slot));
      try {
        if (staged.version !== memory['staged_version']) throw new StepFailure('staged_slot_changed');
        const decision_id = `${rotation_id}/cut_over`;
        const set = await setSecret(secrets, byOf(context), { slot, value: staged.value, decision_id }).catch(refused);
        if (!set.ok) throw new StepFailure(set.code);
        return { evidence: { version: set.version }, memory: { new_version: set.version } };
      } finally {
        staged.value.fill(0);
      }
    },
    prove_new: async (context) => {
      const version = context.memory['new_version'];
      const runs = [];
      for (const old of remembered(context.memory))
        runs.push(
          await proveNewRun(db, byOf(context), old, ({ slots }) =>
            (slots ?? []).some((given) => given.slot === context.subject && given.version === version),
          ),
        );
      return { evidence: { version, runs } };
    },
    prove_old: async (context) => {
      const runs = [];
      for (const old of remembered(context.memory)) runs.push(await proveOldRun(db, context, old));
      return { evidence: { runs } };
    },
    revoke: async ({ workspace_id, subject, memory }) => {
      const old = new Set(remembered(memory).map(({ lease_id }) => lease_id));
      const runs = await childrenOfSlot(db, workspace_id, subject);
      if (runs.some(({ lease_id }) => lease_id !== null && old.has(lease_id)))
        throw new StepFailure('old_lease_accepted', { retry: true });
    },
    undo: (step, context) => (step === 'cut_over' ? putBack(context) : Promise.resolve()),
  };

  /** The old value as another version: with it the children are replaced once more. */
  async function putBack(context: StepContext) {
    const { workspace_id, rotation_id, subject: slot, memory } = context;
    const version = Number(memory['old_version']);
    const present = await controlSlotVersion(db, workspace_id, slot);
    if (present === version || (await controlSlotRolledBackTo(db, workspace_id, slot)) === version) return undefined;
    // Whoever set it after us knows what they want it to be.
    if (present !== version + 1) return { evidence: { left: 'changed since' } };
    const request_digest = requestDigest({ kind: 'rollback', slot, version });
    const key = { decision_id: `${rotation_id}/undo`, request_digest };
    const back = await rollBackSecret(secrets, byOf(context), { slot, version, key }).catch(refused);
    if (!back.ok) throw new StepFailure(back.code, { retry: true });
    return { evidence: { version: back.version, rolled_back_to: version } };
  }
}

function refused(error: unknown): never {
  if (error instanceof SecretsError) throw new StepFailure(error.code, { retry: true });
  throw error;
}

/** A credential slot of child adapters. */
export const createStrategies = (deps: StrategyDeps): RotationStrategy[] => [adapterSlot(deps)];
