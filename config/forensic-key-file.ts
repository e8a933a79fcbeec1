import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FORENSIC_KEY_BYTES, forensicKey } from '../domain/forensic/key.ts';
import type { ForensicKey } from '../domain/forensic/key.ts';
import { makePrivateFile } from './private-file.ts';

const OTHERS = 0o077;

/** A forensic key that bundles cannot be signed with. The message names the file and says nothing of what is in it. */
export class ForensicKeyError extends Error {
  override readonly name = 'ForensicKeyError';
  readonly code: 'forensic_key_missing' | 'forensic_key_unusable';

  constructor(code: ForensicKeyError['code'], path: string, sentence: string) {
    super(`${path} ${sentence}`);
    this.code = code;
  }
}

/** Where the key is that no variable names. Keys that it replaced lie in `forensic.key.retired/` beside it, by any name. */
export const defaultForensicKeyFile = (stateRoot: string): string => join(stateRoot, 'keys', 'forensic.key');

/** The key in the file, which is its bytes; read at each use, so that a new one is in force at once. Errors: ForensicKeyError. */
export function readForensicKey(path: string): ForensicKey {
  const found = forensicKey(readOwn(path));
  if (found !== undefined) return found;
  const { least, most } = FORENSIC_KEY_BYTES;
  throw new ForensicKeyError('forensic_key_unusable', path, `does not have ${least} to ${most} bytes`);
}

/** A key that others could read may have signed anything. */
function readOwn(path: string): Uint8Array {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new ForensicKeyError('forensic_key_missing', path, 'is not there');
    throw new ForensicKeyError('forensic_key_unusable', path, `cannot be read (${code ?? 'unknown'})`);
  }
  try {
    const { mode, size } = fstatSync(file);
    if ((mode & OTHERS) !== 0)
      throw new ForensicKeyError(
        'forensic_key_unusable',
        path,
        'is open to other users: make it 0600, or replace the key',
      );
    if (size > FORENSIC_KEY_BYTES.most) throw new ForensicKeyError('forensic_key_unusable', path, 'is too long');
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}

/** Makes a key where there is none: 64 hex digits, 0600. Of two processes that start together one makes it. */
export function createForensicKey(path: string): void {
  if (!existsSync(path)) makePrivateFile(path, randomBytes(32).toString('hex'));
}
