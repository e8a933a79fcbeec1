import type { Logger } from 'pino';
import type { Env } from '../../config/env.ts';
import { createForensicKey, defaultForensicKeyFile, readForensicKey } from '../../config/forensic-key-file.ts';
import type { ForensicKey } from '../../domain/forensic/key.ts';

/**
 * The forensic key of this process, read at each use. Where no file is named the embedded server makes its own; a file that
 * is named has to be there. Errors: ForensicKeyError, at the start for a named file.
 */
export function openForensicKey(
  { forensicKeyFile, stateRoot, env }: Pick<Env, 'forensicKeyFile' | 'stateRoot' | 'env'>,
  log: Logger,
): () => ForensicKey {
  const path = forensicKeyFile ?? defaultForensicKeyFile(stateRoot);
  if (forensicKeyFile !== undefined) readForensicKey(path);
  else if (env === 'embedded') createForensicKey(path);
  return () => {
    try {
      return readForensicKey(path);
    } catch (error) {
      log.warn({ event: 'forensic.key_refused', reason: (error as Error).message });
      throw error;
    }
  };
}
