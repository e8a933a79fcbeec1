import { existsSync } from 'node:fs';
import type { Env } from './env.ts';
import { createMasterKey, defaultMasterKeyFile, readMasterKey } from './master-key.ts';
import type { MasterKey } from './master-key.ts';

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
  read: () => MasterKey | undefined;
  create?: () => void;
} {
  if (masterKey !== undefined) return { read: () => masterKey };
  if (masterKeyFile !== undefined) return { read: () => readMasterKey(masterKeyFile) };
  const own = defaultMasterKeyFile(stateRoot);
  return {
    read: () => (existsSync(own) ? readMasterKey(own) : undefined),
    ...(env === 'embedded' ? { create: () => createMasterKey(own) } : {}),
  };
}
