import { existsSync } from 'node:fs';
import type { Env } from './env.ts';
import { createMasterKey, defaultMasterKeyFile } from './master-key.ts';
import { masterKeyRing } from './master-key-ring.ts';
import type { MasterKeyRing } from './master-key-ring.ts';

/**
 * Where the master key of a server process comes from: the variable, the named file, or the state root's own, which only the
 * embedded server makes. `read` throws MasterKeyError for a named file that is not usable; undefined where no key is given.
 */
export function masterKeyOrigin({
  masterKey,
  masterKeyFile,
  stateRoot,
  env,
}: Pick<Env, 'masterKey' | 'masterKeyFile' | 'stateRoot' | 'env'>): {
  read: () => MasterKeyRing | undefined;
  create?: () => void;
} {
  if (masterKey !== undefined) {
    const read = (): MasterKeyRing => ({ ...masterKey, others: [], reread: read });
    return { read };
  }
  if (masterKeyFile !== undefined) return { read: masterKeyRing(masterKeyFile) };
  const own = defaultMasterKeyFile(stateRoot);
  const ring = masterKeyRing(own);
  let made = false;
  return {
    read: () => {
      made ||= existsSync(own);
      return made ? ring() : undefined;
    },
    ...(env === 'embedded' ? { create: () => createMasterKey(own) } : {}),
  };
}
