import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { StepFailure } from '../../../activities/rotation/strategy.ts';
import type { RotationStrategy, StepContext } from '../../../activities/rotation/strategy.ts';
import {
  createForensicKey,
  defaultForensicKeyFile,
  ForensicKeyError,
  readForensicKey,
} from '../../../config/forensic-key-file.ts';
import { fromHex } from '../../../domain/canonical/hash.ts';
import { forensicMac } from '../../../domain/forensic/key.ts';
import type { ForensicKey } from '../../../domain/forensic/key.ts';
import { exportedBundle } from '../forensic-bundle.ts';
import type { StrategyDeps } from '../strategies.ts';
import { keepCopy, moveOver, readToken } from '../token-file.ts';

/**
 * The key that bundles carry an HMAC of. It is symmetric: there is no public half to keep, so the whole key goes to
 * `<file>.retired/`, where `forensic verify` finds it, for its owner alone. What either key signed verifies afterwards,
 * also when the rotation is undone.
 */
function forensicKeyRow({ forensicKeyFile, stateRoot, baseUrl, adminTokenFile }: StrategyDeps): RotationStrategy {
  const file = forensicKeyFile ?? defaultForensicKeyFile(stateRoot);
  const next = `${file}.next`;
  const retired = `${file}.retired`;
  const retiredFile = (key_id: unknown): string => join(retired, `${String(key_id).replace('hmac-sha256:', '')}.key`);

  const bundleBy = async (key: ForensicKey) =>
    exportedBundle({ baseUrl, token: adminTokenFile === undefined ? undefined : await readToken(adminTokenFile) }, key);

  async function retire(key_id: string): Promise<void> {
    await mkdir(retired, { recursive: true, mode: 0o700 });
    await keepCopy(file, retiredFile(key_id));
  }

  function oldKey({ old_key_id }: StepContext['memory']): ForensicKey {
    const key = keyIfThere(retiredFile(old_key_id));
    if (key?.key_id !== old_key_id) throw new StepFailure('retired_key_missing');
    return key as ForensicKey;
  }

  return {
    row: 'forensic_key',
    // A bundle of the old key's last days, by its hash and HMAC: the retired key has to verify it at the end.
    inspect: async ({ subject }) => {
      if (subject !== '') throw new StepFailure('subject_unexpected');
      const key = keyOf(file);
      const { signature, problem_count, bundle_hash, mac } = await bundleBy(key);
      if (signature !== 'good' || problem_count > 0 || bundle_hash === null || mac === null)
        throw new StepFailure('bundle_unverified', { retry: true, evidence: { signature, problem_count } });
      const evidence = { key_id: key.key_id, bundle_hash };
      return { evidence, memory: { old_key_id: key.key_id, bundle_hash, bundle_mac: mac } };
    },
    stage: async () => {
      await rm(next, { force: true });
      createForensicKey(next);
      const { key_id } = keyOf(next);
      return { evidence: { key_id }, memory: { new_key_id: key_id } };
    },
    cut_over: async ({ memory: { old_key_id, new_key_id } }) => {
      const present = keyOf(file).key_id;
      if (present !== new_key_id) {
        if (present !== old_key_id) throw new StepFailure('key_changed');
        if (keyIfThere(next)?.key_id !== new_key_id) throw new StepFailure('staged_key_changed');
        await retire(present);
        await moveOver(next, file);
      }
      return { evidence: { retired_key_id: old_key_id, key_id: new_key_id } };
    },
    prove_new: async ({ memory }) => {
      const key = keyOf(file);
      if (key.key_id !== memory['new_key_id']) throw new StepFailure('key_changed');
      const { signature, problem_count, bundle_hash } = await bundleBy(key);
      const evidence = { signature, problem_count, bundle_hash };
      if (signature !== 'good' || problem_count > 0)
        throw new StepFailure('bundle_unverified', { retry: true, evidence });
      return { evidence };
    },
    prove_old: async ({ memory }) => {
      const key = oldKey(memory);
      const { signature, bundle_hash } = await bundleBy(key);
      const evidence = { signature, bundle_hash, earlier_bundle_hash: memory['bundle_hash'] };
      if (signature !== 'bad') throw new StepFailure('old_key_signs', { retry: true, evidence });
      if (forensicMac(key, fromHex(String(memory['bundle_hash']))) !== memory['bundle_mac'])
        throw new StepFailure('earlier_bundle_unverified', { evidence });
      return { evidence: { ...evidence, earlier_signature: 'good' } };
    },
    revoke: async ({ memory }) => {
      await rm(next, { force: true });
      const { key_id } = oldKey(memory);
      const { mode } = await stat(retiredFile(key_id));
      return { evidence: { retired_key_id: key_id, mode: (mode & 0o777).toString(8) } };
    },
    undo: (step, { memory }) => (step === 'cut_over' ? putBack(memory) : rm(next, { force: true })),
  };

  async function putBack(memory: StepContext['memory']): Promise<void> {
    const present = keyOf(file);
    if (present.key_id !== memory['old_key_id']) {
      const { key_id } = oldKey(memory);
      // It may have signed a bundle meanwhile.
      await retire(present.key_id);
      await keepCopy(retiredFile(key_id), next);
      await moveOver(next, file);
    }
    await rm(retiredFile(memory['old_key_id']), { force: true });
  }
}

/** Throws `StepFailure`: forensic_key_missing, forensic_key_unusable. */
function keyOf(path: string): ForensicKey {
  try {
    return readForensicKey(path);
  } catch (error) {
    if (error instanceof ForensicKeyError) throw new StepFailure(error.code);
    throw error;
  }
}

function keyIfThere(path: string): ForensicKey | undefined {
  try {
    return readForensicKey(path);
  } catch (error) {
    if (error instanceof ForensicKeyError) return undefined;
    throw error;
  }
}

/** The key of forensic bundles. */
export const createStrategies = (deps: StrategyDeps): RotationStrategy[] => [forensicKeyRow(deps)];
