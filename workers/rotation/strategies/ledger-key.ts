import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { StepFailure } from '../../../activities/rotation/strategy.ts';
import type { Memory, RotationStrategy } from '../../../activities/rotation/strategy.ts';
import { openRotation as openHandover, requestKeyRotation } from '../../../db/command/rotate-log-key.ts';
import { INSTANCE } from '../../../db/command/caller.ts';
import { currentLog } from '../../../db/command/sequence-entries.ts';
import { keyHandover } from '../../../db/read/key-handover.ts';
import { publishedLog } from '../../../db/read/log.ts';
import { sha256 } from '../../../db/write/change.ts';
import { formatNoteKey, openNote, parseNoteKey, signNote } from '../../../domain/ledger/note.ts';
import { MOST_KEYS } from '../../../domain/ledger/key-rotation.ts';
import { dropKey, existingSigner, logSigner, retireKeys } from '../../sequencer/log-key.ts';
import { handedOver, signedBy } from '../log-handover.ts';
import type { StrategyDeps } from '../strategies.ts';

const ACTOR = 'token-rotation';
/** The sequencer looks once a second. */
const LOOKS = 8;
const LOOK_EVERY_MS = 250;

interface Handing {
  origin: string;
  epoch: number;
  /** Of the new key. */
  generation: number;
}
const handing = ({ origin, epoch, generation }: Memory): Handing => ({
  origin: String(origin),
  epoch: Number(epoch),
  generation: Number(generation),
});
const before = (log: Handing): Handing => ({ ...log, generation: log.generation - 1 });

/**
 * The key that signs the log's checkpoints. The sequencer changes it: it enters in the log that the new one takes over, and
 * what was asked of it is never taken back.
 */
function ledgerKeyRow({ db, stateRoot }: StrategyDeps): RotationStrategy {
  const asked = (log: Handing) => keyHandover(db, log);

  async function unlessAsked(log: Handing): Promise<void> {
    if ((await asked(log)) !== undefined) throw new StepFailure('handover_asked', { retry: true });
  }

  return {
    row: 'ledger_key',
    inspect: async ({ subject }) => {
      if (subject !== '') throw new StepFailure('subject_unexpected');
      const [current, published] = [await currentLog(db), await publishedLog(db)];
      if (current === undefined || published?.epoch !== current.epoch) throw new StepFailure('log_unpublished');
      if ((await openHandover(db)) !== undefined) throw new StepFailure('handover_running');
      const { origin, epoch, key_generation, verifier_key: old_key } = current;
      if (key_generation + 1 > MOST_KEYS) throw new StepFailure('key_limit');
      const signer = existingSigner(stateRoot, { origin, epoch, generation: key_generation });
      if (signer === undefined || formatNoteKey(signer.key) !== old_key) throw new StepFailure('log_key_elsewhere');
      if (!signedBy(published.checkpoint, old_key)) throw new StepFailure('checkpoint_unverified', { retry: true });
      const { checkpoint, size } = published;
      return {
        evidence: { old_key, size },
        memory: { origin, epoch, generation: key_generation + 1, old_key, checkpoint },
      };
    },
    stage: async ({ memory }) => {
      const new_key = formatNoteKey(logSigner(stateRoot, handing(memory)).key);
      return { evidence: { new_key }, memory: { new_key } };
    },
    // As it lies in its file: whoever starts next finds the same.
    prove_new: async ({ memory }) => {
      const signer = existingSigner(stateRoot, handing(memory));
      if (signer === undefined) throw new StepFailure('staged_key_changed');
      const new_key = formatNoteKey(signer.key);
      if (new_key !== memory['new_key'] || new_key === memory['old_key']) throw new StepFailure('staged_key_changed');
      const note = signNote(`${randomBytes(32).toString('hex')}\n`, signer.key, signer.sign);
      openNote(note, [parseNoteKey(new_key, sha256)]);
      if (signedBy(note, String(memory['old_key']))) throw new StepFailure('old_key_signs');
      return { evidence: { new_key, signature: 'good' } };
    },
    cut_over: async ({ memory, requested_by }) => {
      const log = handing(memory);
      if ((await asked(log)) === undefined) {
        const by = { workspace_id: INSTANCE, actor: ACTOR, on_behalf_of: requested_by };
        const request = await requestKeyRotation(db, by, log);
        if (!request.ok) throw new StepFailure(request.code);
        if (request.epoch !== log.epoch || request.generation !== log.generation)
          throw new StepFailure('log_not_current');
      }
      return { evidence: { epoch: log.epoch, generation: log.generation } };
    },
    prove_old: async ({ memory }) => {
      for (let look = 1; ; look++) {
        const found = await handedOver(db, handing(memory), {
          old_key: String(memory['old_key']),
          new_key: String(memory['new_key']),
          earlier: String(memory['checkpoint']),
        });
        if (found.ok) return { evidence: found.evidence };
        const pending = found.code === 'handover_pending' || found.code === 'checkpoint_pending';
        if (!pending || look === LOOKS) throw new StepFailure(found.code, { retry: true });
        await sleep(LOOK_EVERY_MS);
      }
    },
    revoke: async ({ memory }) => {
      const log = handing(memory);
      retireKeys(stateRoot, log);
      if (existingSigner(stateRoot, before(log)) !== undefined) throw new StepFailure('old_key_kept', { retry: true });
      return { evidence: { archived_key: memory['old_key'] } };
    },
    undo: async (step, { memory }) => {
      if (memory['generation'] === undefined) return;
      await unlessAsked(handing(memory));
      if (step === 'stage') dropKey(stateRoot, handing(memory));
    },
  };
}

/** The key of the log. */
export const createStrategies = (deps: StrategyDeps): RotationStrategy[] => [ledgerKeyRow(deps)];
