import { createSecretKey, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { KEY_BYTES, keyId } from '../domain/secret/key-id.ts';
import { makePrivateFile } from './private-file.ts';

const OTHERS = 0o077;
/** 64 hex digits and the line end that an editor leaves. */
const LONGEST = 256;

/** The key that wraps the data keys of secrets. The object keeps its bytes out of logs and JSON. */
export interface MasterKey {
  key_id: string;
  key: KeyObject;
}

/** A master key that cannot be used as it is given; the message says where it is and nothing of what is in it. */
export class MasterKeyError extends Error {
  override readonly name = 'MasterKeyError';
  readonly code: 'master_key_unreadable' | 'master_key_exposed' | 'master_key_malformed';

  constructor(code: MasterKeyError['code'], where: string, sentence: string) {
    super(`${where} ${sentence}`);
    this.code = code;
  }
}

/** Where the embedded server keeps its own. */
export const defaultMasterKeyFile = (stateRoot: string): string => join(stateRoot, 'keys', 'master.key');

/** The key that text spells: 32 bytes as 64 hex digits or as base64; undefined for anything else. */
export function parseMasterKey(text: string): MasterKey | undefined {
  const word = text.trim();
  if (/^[0-9a-f]{64}$/i.test(word)) return masterKey(Buffer.from(word, 'hex'));
  return /^[A-Za-z0-9+/_-]{43}=?$/.test(word) ? masterKey(Buffer.from(word, 'base64')) : undefined;
}

/** Zeroes the bytes it is given. */
function masterKey(bytes: Buffer): MasterKey {
  const key_id = keyId('master', bytes);
  const key = createSecretKey(bytes);
  bytes.fill(0);
  return { key_id, key };
}

/** The key in a file: 32 bytes as they are, or their hex or base64. Errors: MasterKeyError; a missing file is one too. */
export function readMasterKey(path: string): MasterKey {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw new MasterKeyError('master_key_unreadable', path, `cannot be read (${code})`);
  }
  try {
    const { mode, size } = fstatSync(file);
    // Whoever could read it may hold every secret it wraps.
    if ((mode & OTHERS) !== 0)
      throw new MasterKeyError('master_key_exposed', path, 'is open to other users: make it 0600, and rotate it');
    const bytes = size > LONGEST ? Buffer.alloc(0) : readFileSync(file);
    const found = bytes.length === KEY_BYTES ? masterKey(bytes) : parseMasterKey(bytes.toString('latin1'));
    bytes.fill(0);
    if (found === undefined)
      throw new MasterKeyError('master_key_malformed', path, `does not hold ${KEY_BYTES} bytes, their hex or base64`);
    return found;
  } finally {
    closeSync(file);
  }
}

/** Makes a key where there is none: 64 hex digits, 0600. Of two processes that start together one makes it. */
export function createMasterKey(path: string): void {
  const bytes = randomBytes(KEY_BYTES);
  makePrivateFile(path, bytes.toString('hex'));
  bytes.fill(0);
}
