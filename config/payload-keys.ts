import { createSecretKey, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { closeSync, existsSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { KEY_BYTES, keyId } from '../domain/secret/key-id.ts';
import { ConfigError } from './config-error.ts';
import type { Env } from './env.ts';
import { makePrivateFile } from './private-file.ts';

const NAME = 'INTERLOCK_PAYLOAD_KEYS_FILE';
const OTHERS = 0o077;

/** A key that the engine's payloads are sealed with. The object keeps its bytes out of logs and JSON. */
export interface PayloadKey {
  key_id: string;
  key: KeyObject;
}

/**
 * The keys that seal what the engine keeps: the first seals, all open. From the named file, one key of 64 hex digits to a
 * line, or the state root's own, which the embedded server makes. None: nothing is sealed. Whoever runs the file's
 * processes shares it: API, control workers and attesters. Errors: ConfigError malformed, refused.
 */
export function loadPayloadKeys({
  payloadKeysFile,
  stateRoot,
  env,
}: Pick<Env, 'payloadKeysFile' | 'stateRoot' | 'env'>): PayloadKey[] {
  const path = payloadKeyFile({ payloadKeysFile, stateRoot });
  if (payloadKeysFile === undefined && env === 'embedded') createKey(path);
  return payloadKeysFile === undefined && !existsSync(path) ? [] : parse(readPrivate(path));
}

export const defaultPayloadKeyFile = (stateRoot: string): string => join(stateRoot, 'keys', 'payload.keys');

/** Where the keys are, if there are any. */
export const payloadKeyFile = ({ payloadKeysFile, stateRoot }: Pick<Env, 'payloadKeysFile' | 'stateRoot'>): string =>
  payloadKeysFile ?? defaultPayloadKeyFile(stateRoot);

function parse(text: string): PayloadKey[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const keys = lines.map((line) => {
    const bytes = /^[0-9a-f]{64}$/i.test(line.trim()) ? Buffer.from(line.trim(), 'hex') : Buffer.alloc(0);
    if (bytes.length !== KEY_BYTES)
      throw new ConfigError('malformed', NAME, 'holds one key of 64 hex digits to a line');
    const key = { key_id: keyId('payload', bytes), key: createSecretKey(bytes) };
    bytes.fill(0);
    return key;
  });
  if (keys.length === 0) throw new ConfigError('malformed', NAME, 'holds no key');
  return keys;
}

function readPrivate(path: string): string {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    throw new ConfigError('refused', NAME, `cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`);
  }
  try {
    if ((fstatSync(file).mode & OTHERS) !== 0)
      throw new ConfigError('refused', NAME, 'is open to other users: make it 0600');
    return readFileSync(file, 'latin1');
  } finally {
    closeSync(file);
  }
}

/** Of processes that start together one makes it. */
function createKey(path: string): void {
  if (!existsSync(path)) makePrivateFile(path, `${randomBytes(KEY_BYTES).toString('hex')}\n`);
}
