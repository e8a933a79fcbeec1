import { StepFailure } from '../../../activities/rotation/strategy.ts';
import type { RotationStrategy, StepContext } from '../../../activities/rotation/strategy.ts';
import { readKeys } from '../../../config/secret-value.ts';
import { findAdapter, sharesSlot } from '../../../db/read/adapters.ts';
import { parseSecretRef } from '../../../domain/secret/secret-ref.ts';
import { callInSignedBy, strangeKey, trySignedBy } from '../adapter-proofs.ts';
import type { Receiver } from '../adapter-proofs.ts';
import { moveSlot, pairIn, pairOf, remembered, slotIn, stagedPair, undoSlot, valueOf } from '../slot.ts';
import type { SlotOf } from '../slot.ts';
import type { StrategyDeps } from '../strategies.ts';

interface Guarded {
  receiver: Receiver;
  slot: SlotOf;
}

/**
 * The secret that an adapter and we know each other by. The adapter is given the new one beside the old, and takes it alone
 * before it is in force. During the overlap we sign by both and believe both; then the old one is withdrawn, and is over when
 * neither side takes it any more.
 */
function adapterSecret(deps: StrategyDeps): RotationStrategy {
  /** Codes: adapter_not_found, adapter_not_external, not_a_slot, previous_ref_missing, slot_shared. */
  async function guarded({ workspace_id, subject, rotation_id, requested_by }: StepContext): Promise<Guarded> {
    const adapter = await findAdapter(deps.db, workspace_id, subject);
    if (adapter?.state !== 'active') throw new StepFailure('adapter_not_found');
    if (adapter.url === null) throw new StepFailure('adapter_not_external');
    const ref = parseSecretRef(adapter.secret_ref ?? '');
    if (ref?.kind !== 'slot' || ref.which !== 'current') throw new StepFailure('not_a_slot');
    const needed = `slot:${ref.slot}@previous`;
    if (adapter.previous_secret_ref !== needed)
      throw new StepFailure('previous_ref_missing', { evidence: { previous_ref: needed } });
    const other = await sharesSlot(deps.db, adapter, ref.slot);
    if (other !== undefined) throw new StepFailure('slot_shared', { evidence: { adapter: other } });
    return {
      receiver: { url: adapter.url, internal: adapter.internal },
      slot: { workspace_id, slot: ref.slot, rotation_id, requested_by },
    };
  }

  /** One version as a signing key. Codes: secret_too_short. */
  async function keyOf(slot: SlotOf, version: number): Promise<Buffer> {
    const [key] = (await readKeys([`slot:${slot.slot}`], () => valueOf(deps, slot, version))).keys;
    if (key === undefined) throw new StepFailure('secret_too_short');
    return key;
  }

  /** The adapter takes this version by itself. Codes: new_refused, adapter_unanswered. */
  async function takenByAdapter({ receiver, slot }: Guarded, version: number): Promise<number> {
    const { verdict, status, code } = await trySignedBy(receiver, await keyOf(slot, version));
    if (verdict === 'accepted') return status;
    const evidence = { status, answer: code };
    throw new StepFailure(verdict === 'refused' ? 'new_refused' : 'adapter_unanswered', { retry: true, evidence });
  }

  async function callsIn({ workspace_id, subject }: StepContext, slot: SlotOf, version: number): Promise<boolean> {
    const { baseUrl } = deps;
    return callInSignedBy({ baseUrl, workspace_id, name: subject }, await keyOf(slot, version));
  }

  return {
    row: 'adapter_secret',
    inspect: async (context) => {
      const { slot } = await guarded(context);
      const pair = await stagedPair(deps, slot);
      (await keyOf(slot, pair.to)).fill(0);
      return { evidence: { slot: slot.slot, ...pair } };
    },
    stage: async (context) => {
      const { slot } = await guarded(context);
      return remembered(slot, await stagedPair(deps, slot));
    },
    prove_new: async (context) => {
      const of = await guarded(context);
      const status = await takenByAdapter(of, pairOf(context.memory).to);
      // Else it takes whatever it is sent, and nothing was shown.
      const stranger = await trySignedBy(of.receiver, strangeKey());
      if (stranger.verdict === 'accepted') throw new StepFailure('signatures_unchecked');
      if (stranger.verdict === 'unclear') throw new StepFailure('adapter_unanswered', { retry: true });
      return { evidence: { status, stranger_status: stranger.status } };
    },
    cut_over: async (context) => {
      const { slot } = await guarded(context);
      const pair = pairOf(context.memory);
      await moveSlot(deps, slot, { kind: 'cut_over', ...pair });
      if (!(await callsIn(context, slot, pair.to))) throw new StepFailure('new_refused_by_us', { retry: true });
      return { evidence: { version: pair.to } };
    },
    withdraw: async (context) => {
      const { from } = pairOf(context.memory);
      await moveSlot(deps, slotIn(context, context.workspace_id), { kind: 'withdraw', version: from });
      return { evidence: { withdrawn_version: from } };
    },
    prove_old: async (context) => {
      const of = await guarded(context);
      const { from, to } = pairOf(context.memory);
      if (!(await callsIn(context, of.slot, to))) throw new StepFailure('new_refused_by_us', { retry: true });
      if (await callsIn(context, of.slot, from)) throw new StepFailure('old_accepted', { retry: true });
      const status = await takenByAdapter(of, to);
      const old = await trySignedBy(of.receiver, await keyOf(of.slot, from));
      const evidence = { adapter_status: { new: status, old: old.status }, api_status: { new: 'believed', old: 401 } };
      if (old.verdict === 'refused') return { evidence };
      const code = old.verdict === 'accepted' ? 'old_accepted_by_adapter' : 'adapter_unanswered';
      throw new StepFailure(code, { retry: true, evidence });
    },
    revoke: async (context) => {
      const { from } = pairOf(context.memory);
      await moveSlot(deps, slotIn(context, context.workspace_id), { kind: 'destroy', version: from });
      return { evidence: { destroyed_version: from } };
    },
    undo: async (step, context) => {
      const pair = pairIn(context.memory);
      if (pair !== undefined) await undoSlot(deps, slotIn(context, context.workspace_id), step, pair);
    },
  };
}

export const createStrategies = (deps: StrategyDeps): RotationStrategy[] => [adapterSecret(deps)];
