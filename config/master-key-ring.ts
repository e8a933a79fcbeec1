import { statSync } from 'node:fs';
import { readMasterKey } from './master-key.ts';
import type { MasterKey } from './master-key.ts';

/** A key, and the one that is to take its place where a migration is planned. */
export interface MasterKeyRing extends MasterKey {
  others: readonly MasterKey[];
  /** The ring as the files have it now. */
  reread: () => MasterKeyRing;
}

/** Where the next key lies, and the one before until its rotation is over. */
export const nextKeyFile = (path: string): string => `${path}.next`;
export const previousKeyFile = (path: string): string => `${path}.previous`;

/** A file is the same while these are: an atomic replacement is another inode. */
function stateOf(path: string): string {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? 'none' : [found.ino, found.size, found.mtimeNs, found.ctimeNs].join(' ');
}

const ATTEMPTS = 3;

/**
 * The key of a file and of the file of the next one beside it, read again when either is another: a process takes part in a
 * migration without a restart. What cannot be read while it runs leaves it the keys it has; at the first time it throws
 * MasterKeyError. A next key that is not usable is none: a migration to it does not begin.
 */
export function masterKeyRing(path: string): () => MasterKeyRing {
  let held: { ring: MasterKeyRing; state: string } | undefined;
  const state = () => `${stateOf(path)}, ${stateOf(nextKeyFile(path))}`;
  const read = (): MasterKeyRing => {
    for (let attempt = 1; held?.state !== state() && attempt <= ATTEMPTS; attempt++) {
      const before = state();
      // The next one first: when it takes the other's place in between, it is read once or twice, never missed.
      const next = usable(nextKeyFile(path));
      try {
        held = {
          ring: { ...readMasterKey(path), others: next === undefined ? [] : [next], reread: read },
          state: before,
        };
      } catch (error) {
        if (held === undefined) throw error;
        return held.ring;
      }
    }
    if (held === undefined) throw new Error('a key that was read is not held');
    return held.ring;
  };
  return read;
}

function usable(path: string): MasterKey | undefined {
  try {
    return readMasterKey(path);
  } catch {
    return undefined;
  }
}
