import { timingSafeEqual } from 'node:crypto';
import { StepFailure } from '../../activities/rotation/strategy.ts';
import type { Memory, StepContext } from '../../activities/rotation/strategy.ts';
import { moveSecret } from '../../db/command/move-secret.ts';
import { readControlSecret } from '../../db/command/read-control-secret.ts';
import type { SecretsDeps } from '../../db/command/set-secret.ts';
import { controlSlotVersions } from '../../db/read/control-slot-version.ts';
import { SecretsError } from '../../db/secrets-error.ts';
import type { Move, SlotVersions } from '../../domain/secret/versions.ts';

/** Which slot a rotation works on. */
export interface SlotOf {
  workspace_id: string;
  slot: string;
  rotation_id: string;
  requested_by: string;
}

/** The version that was in force when the rotation began, and the one that takes its place. */
export interface Pair {
  from: number;
  to: number;
}

const ACTOR = 'token-rotation';

/** Codes: slot_missing (there is none of class `control`). */
export async function versionsOf({ db }: SecretsDeps, { workspace_id, slot }: SlotOf): Promise<SlotVersions> {
  const found = await controlSlotVersions(db, workspace_id, slot);
  if (found === undefined) throw new StepFailure('slot_missing', { evidence: { slot } });
  return found;
}

/** The version that waits. Codes: slot_missing, no_staged_version, staged_value_unchanged, slot_unreadable. */
export async function stagedPair(deps: SecretsDeps, of: SlotOf): Promise<Pair> {
  const { current, staged } = await versionsOf(deps, of);
  if (staged === null) {
    const command = `interlock secrets set ${of.slot} --stage --from-file FILE`;
    throw new StepFailure('no_staged_version', { evidence: { slot: of.slot, command } });
  }
  const [before, after] = [await valueOf(deps, of, current), await valueOf(deps, of, staged)];
  try {
    if (before.length === after.length && timingSafeEqual(before, after))
      throw new StepFailure('staged_value_unchanged', { evidence: { slot: of.slot } });
  } finally {
    before.fill(0);
    after.fill(0);
  }
  return { from: current, to: staged };
}

/** One version's value, zeroed by whoever asked; the read is an entry. Codes: slot_unreadable. */
export async function valueOf(deps: SecretsDeps, of: SlotOf, version: number): Promise<Buffer> {
  const { workspace_id, slot, rotation_id } = of;
  const read = { workspace_id, slot, which: version, actor: ACTOR, purpose: `rotation/${rotation_id}` };
  try {
    return (await readControlSecret(deps, read)).value;
  } catch (error) {
    if (!(error instanceof SecretsError)) throw error;
    throw new StepFailure('slot_unreadable', { retry: true, evidence: { slot, version, code: error.code } });
  }
}

/** Codes: slot_missing, slot_changed (somebody gave it another version meanwhile). */
export async function moveSlot({ db }: SecretsDeps, of: SlotOf, move: Move): Promise<void> {
  const { workspace_id, slot, requested_by } = of;
  const outcome = await moveSecret(db, { workspace_id, actor: ACTOR, on_behalf_of: requested_by }, slot, move);
  if (outcome.ok) return;
  const code = outcome.code === 'secret_not_found' ? 'slot_missing' : outcome.code;
  throw new StepFailure(code, { evidence: { slot } });
}

/** What a rotation of a slot puts back. A slot that somebody has overwritten meanwhile keeps what it was given. */
export async function undoSlot(
  deps: SecretsDeps,
  of: SlotOf,
  step: 'stage' | 'cut_over',
  { from, to }: Pair,
): Promise<void> {
  const { current } = await versionsOf(deps, of);
  if (step === 'stage') return current === to ? undefined : moveSlot(deps, of, { kind: 'destroy', version: to });
  if (current === to) await moveSlot(deps, of, { kind: 'put_back', from, to });
}

/** The pair as the memory has it; undefined before it was learned. */
export function pairIn(memory: Memory): Pair | undefined {
  const [from, to] = [memory['old_version'], memory['new_version']];
  return typeof from === 'number' && typeof to === 'number' ? { from, to } : undefined;
}

/** As `pairIn`. Codes: not_staged. */
export function pairOf(memory: Memory): Pair {
  const pair = pairIn(memory);
  if (pair === undefined) throw new StepFailure('not_staged');
  return pair;
}

/** What a later step finds again, whatever has become of the definition that named the slot. */
export const remembered = ({ slot }: SlotOf, { from, to }: Pair): { evidence: Memory; memory: Memory } => ({
  evidence: { slot, old_version: from, new_version: to },
  memory: { slot, old_version: from, new_version: to },
});

/** The slot that was remembered. */
export const slotIn = ({ memory, rotation_id, requested_by }: StepContext, workspace_id: string): SlotOf => ({
  workspace_id,
  slot: String(memory['slot']),
  rotation_id,
  requested_by,
});
