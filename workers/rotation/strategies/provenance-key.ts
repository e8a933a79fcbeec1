import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { StepFailure } from '../../../activities/rotation/strategy.ts';
import type { RotationStrategy, StepContext } from '../../../activities/rotation/strategy.ts';
import { readProvenanceKeys } from '../../../config/provenance-keys.ts';
import { MOST_PROVENANCE_KEYS, verificationKeysOf } from '../../../domain/export/provenance-key.ts';
import { DsseError, envelopeOf, preAuthenticationEncoding, verifyEnvelope } from '../../../domain/signing/dsse.ts';
import type { VerificationKey } from '../../../domain/signing/dsse.ts';
import { InstanceKeyError } from '../../keys/instance-key.ts';
import {
  archivedKey,
  archiveKey,
  existingProvenanceSigner,
  provenanceKeyFile,
  provenanceSigner,
  retireKey,
} from '../../keys/provenance-key.ts';
import type { ProvenanceSigner } from '../../keys/provenance-key.ts';
import type { StrategyDeps } from '../strategies.ts';
import { keepCopy, moveOver } from '../token-file.ts';

/** Of nothing but the proof of a rotation: what is signed here is no statement of an export. */
const PROOF_TYPE = 'application/vnd.interlock.rotation-proof+json';

/**
 * The key that signs the statements of exports. Its public half stays in the archive, so that what it signed verifies for ever;
 * its private half is destroyed at the end. Until the new one is proved the old one signs.
 */
function provenanceKeyRow({ stateRoot }: Pick<StrategyDeps, 'stateRoot'>): RotationStrategy {
  const file = provenanceKeyFile(stateRoot);
  const next = `${file}.next`;
  const old = `${file}.old`;
  const listed = (key_id: string): readonly VerificationKey[] =>
    verificationKeysOf(readProvenanceKeys(stateRoot).filter((key) => key.key_id === key_id));

  return {
    row: 'provenance_key',
    // Signed by the old key in its last days: its archived half has to verify this at the end.
    inspect: async ({ subject }) => {
      if (subject !== '') throw new StepFailure('subject_unexpected');
      const signer = signerOf(file, 'provenance_key_missing');
      if (listed(signer.key_id).length === 0) throw new StepFailure('key_unlisted');
      if (readProvenanceKeys(stateRoot).length >= MOST_PROVENANCE_KEYS) throw new StepFailure('key_limit');
      const earlier = JSON.stringify(proofBy(signer));
      return { evidence: { key_id: signer.key_id }, memory: { old_key_id: signer.key_id, earlier } };
    },
    // What an abandoned rotation left behind is nobody's to sign with.
    stage: async () => {
      await rm(next, { force: true });
      const { key_id } = usable(() => provenanceSigner(next));
      return { evidence: { key_id }, memory: { new_key_id: key_id } };
    },
    // As it lies in its file, before anything is signed with it.
    prove_new: async ({ memory }) => {
      const { old_key_id, new_key_id } = idsOf(memory);
      const signer = signerOf(existsSync(next) ? next : file, 'staged_key_changed');
      if (signer.key_id !== new_key_id || new_key_id === old_key_id) throw new StepFailure('staged_key_changed');
      const proof = proofBy(signer);
      if (!signedBy(proof, [signer.verification])) throw new StepFailure('new_key_unproved');
      if (signedBy(proof, listed(old_key_id))) throw new StepFailure('old_key_signs');
      return { evidence: { key_id: new_key_id, signature: 'good' } };
    },
    cut_over: async ({ memory }) => {
      const { old_key_id, new_key_id } = idsOf(memory);
      const present = signerOf(file, 'provenance_key_missing');
      const now = new Date().toISOString();
      if (present.key_id !== new_key_id) {
        if (present.key_id !== old_key_id) throw new StepFailure('key_changed');
        const staged = signerOf(next, 'staged_key_changed');
        if (staged.key_id !== new_key_id) throw new StepFailure('staged_key_changed');
        await keepCopy(file, old);
        // Known before it signs, or an export would carry a signature that nobody can verify.
        archiveKey(stateRoot, staged.verification, now);
        await moveOver(next, file);
      }
      retireKey(stateRoot, new_key_id, null);
      retireKey(stateRoot, old_key_id, now);
      return { evidence: { key_id: new_key_id, retired_key_id: old_key_id } };
    },
    prove_old: async ({ memory }) => {
      const { old_key_id, new_key_id, earlier } = idsOf(memory);
      const proof = proofBy(signerOf(file, 'provenance_key_missing'));
      if (!signedBy(proof, listed(new_key_id))) throw new StepFailure('key_changed', { retry: true });
      if (signedBy(proof, listed(old_key_id))) throw new StepFailure('old_key_signs', { retry: true });
      const archived = archivedKey(stateRoot, old_key_id);
      if (archived === undefined || archived.until === null) throw new StepFailure('retired_key_missing');
      if (!signedBy(JSON.parse(earlier), listed(old_key_id))) throw new StepFailure('earlier_statement_unverified');
      return { evidence: { key_id: new_key_id, retired_key_id: old_key_id, earlier_signature: 'good' } };
    },
    revoke: async ({ memory }) => {
      const { old_key_id, new_key_id } = idsOf(memory);
      await rm(old, { force: true });
      await rm(next, { force: true });
      if (signerOf(file, 'provenance_key_missing').key_id !== new_key_id) throw new StepFailure('key_changed');
      return { evidence: { archived_key_id: old_key_id, private_half: 'destroyed' } };
    },
    undo: (step, { memory }) => (step === 'cut_over' ? putBack(memory) : rm(next, { force: true })),
  };

  async function putBack(memory: StepContext['memory']): Promise<void> {
    const { old_key_id, new_key_id } = idsOf(memory);
    if (signerOf(file, 'provenance_key_missing').key_id !== old_key_id) {
      if (signerOf(old, 'retired_key_missing').key_id !== old_key_id) throw new StepFailure('retired_key_missing');
      await moveOver(old, file);
    }
    retireKey(stateRoot, old_key_id, null);
    // What it may have signed meanwhile has to verify, so it stays in the archive.
    retireKey(stateRoot, new_key_id, new Date().toISOString());
    await rm(old, { force: true });
  }
}

const idsOf = ({ old_key_id, new_key_id, earlier }: StepContext['memory']) => ({
  old_key_id: String(old_key_id),
  new_key_id: String(new_key_id),
  earlier: String(earlier),
});

/** Throws `StepFailure`: `missing`, provenance_key_unusable. */
function signerOf(path: string, missing: string): ProvenanceSigner {
  const signer = usable(() => existingProvenanceSigner(path));
  if (signer === undefined) throw new StepFailure(missing);
  return signer;
}

function usable<T>(open: () => T): T {
  try {
    return open();
  } catch (error) {
    if (error instanceof InstanceKeyError) throw new StepFailure('provenance_key_unusable');
    throw error;
  }
}

function proofBy({ key_id, sign }: ProvenanceSigner) {
  const payload = Buffer.from(JSON.stringify({ nonce: randomBytes(32).toString('hex') }));
  return envelopeOf(PROOF_TYPE, payload, [{ key_id, signature: sign(preAuthenticationEncoding(PROOF_TYPE, payload)) }]);
}

function signedBy(envelope: unknown, keys: readonly VerificationKey[]): boolean {
  try {
    return verifyEnvelope(envelope, keys, PROOF_TYPE).key_ids.length > 0;
  } catch (error) {
    if (error instanceof DsseError) return false;
    throw error;
  }
}

/** The key of exports' statements. */
export const createStrategies = (deps: StrategyDeps): RotationStrategy[] => [provenanceKeyRow(deps)];
