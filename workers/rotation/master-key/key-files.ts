import { existsSync } from 'node:fs';
import { StepFailure } from '../../../activities/rotation/strategy.ts';
import { createMasterKey, MasterKeyError, readMasterKey } from '../../../config/master-key.ts';
import type { MasterKey } from '../../../config/master-key.ts';
import { nextKeyFile, previousKeyFile } from '../../../config/master-key-ring.ts';
import { keepCopy, moveOver, removeToken } from '../token-file.ts';

/** A key's file, the next one's and the previous one's beside it. */
export interface KeyFiles {
  path: string;
  current: () => MasterKey;
  /** Undefined where there is no such file. */
  next: () => MasterKey | undefined;
  previous: () => MasterKey | undefined;
  /** Makes the next key where nobody gave one. */
  makeNext: () => void;
  cutOver: (to: string) => Promise<void>;
  putBack: (to: string) => Promise<void>;
  /** Removes the new key where it lies beside the old one, and what a cut left in the middle. */
  discard: (keys: { old_key_id: string; new_key_id: string }) => Promise<void>;
  dropPrevious: () => Promise<void>;
}

/** Throws StepFailure with the code of a file that cannot be used, and staged_key_changed, previous_key_missing. */
export function keyFiles(path: string): KeyFiles {
  const next = nextKeyFile(path);
  const previous = previousKeyFile(path);
  const readAt = (at: string): MasterKey => {
    try {
      return readMasterKey(at);
    } catch (error) {
      if (!(error instanceof MasterKeyError)) throw error;
      throw new StepFailure(error.code);
    }
  };
  const ifThere = (at: string) => (existsSync(at) ? readAt(at) : undefined);
  const current = () => readAt(path);
  return {
    path,
    current,
    next: () => ifThere(next),
    previous: () => ifThere(previous),
    makeNext: () => createMasterKey(next),
    cutOver: async (to) => {
      if (current().key_id === to) return;
      if (ifThere(next)?.key_id !== to) throw new StepFailure('staged_key_changed');
      await keepCopy(path, previous);
      await moveOver(next, path);
    },
    putBack: async (to) => {
      if (current().key_id === to) return;
      if (ifThere(previous)?.key_id !== to) throw new StepFailure('previous_key_missing');
      await keepCopy(path, next);
      await moveOver(previous, path);
    },
    discard: async ({ old_key_id, new_key_id }) => {
      if (current().key_id !== old_key_id) throw new StepFailure('key_file_changed');
      if (ifThere(next)?.key_id === new_key_id) await removeToken(next);
      if (ifThere(previous)?.key_id === old_key_id) await removeToken(previous);
    },
    dropPrevious: () => removeToken(previous),
  };
}
