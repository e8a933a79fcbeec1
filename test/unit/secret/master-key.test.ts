import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createMasterKey, defaultMasterKeyFile, parseMasterKey, readMasterKey } from '../../../config/master-key.ts';
import { masterKeyOrigin } from '../../../config/master-key-origin.ts';
import { keyId } from '../../../domain/secret/key-id.ts';
import { temporaryStateRoot } from '../../support/state-root.ts';

const bytes = randomBytes(32);
const hex = bytes.toString('hex');
const key_id = keyId('master', bytes);

const file = (content: string | Buffer, mode = 0o600): string => {
  const path = join(temporaryStateRoot(), 'keys', 'k');
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
};

describe('a master key', () => {
  it.each([hex, hex.toUpperCase(), bytes.toString('base64'), bytes.toString('base64url'), ` ${hex}\n`])(
    'is 32 bytes however they are written',
    (text) => expect(parseMasterKey(text)?.key_id).toBe(key_id),
  );

  it.each(['', hex.slice(2), `${hex}00`, 'x'.repeat(32), bytes.subarray(1).toString('base64')])(
    'is nothing shorter, longer or else',
    (text) => expect(parseMasterKey(text)).toBeUndefined(),
  );

  it('is named by a digest for this use alone, and is in no JSON', () => {
    expect(key_id).toMatch(/^[0-9a-f]{16}$/);
    expect(keyId('data', bytes)).not.toBe(key_id);
    expect(JSON.stringify(parseMasterKey(hex))).toBe(JSON.stringify({ key_id, key: {} }));
  });

  it('S1-07 is read from a file of its owner alone', () => {
    for (const content of [bytes, hex, `${bytes.toString('base64')}\n`])
      expect(readMasterKey(file(content)).key_id).toBe(key_id);
    for (const mode of [0o640, 0o604, 0o620])
      expect(() => readMasterKey(file(hex, mode))).toThrow(expect.objectContaining({ code: 'master_key_exposed' }));
    const malformed = () => readMasterKey(file('hunter2'));
    expect(malformed).toThrow(expect.objectContaining({ code: 'master_key_malformed' }));
    expect(malformed).not.toThrow(/hunter2/);
    expect(() => readMasterKey('/nowhere/master.key')).toThrow(/ENOENT/);
  });

  it('is made once by the embedded server, and by nobody else', () => {
    const stateRoot = temporaryStateRoot();
    const none = { masterKey: undefined, masterKeyFile: undefined, stateRoot };
    expect(masterKeyOrigin({ ...none, env: 'production' }).create).toBeUndefined();
    const { read, create } = masterKeyOrigin({ ...none, env: 'embedded' });
    expect(read()).toBeUndefined();
    create?.();
    const made = read();
    createMasterKey(defaultMasterKeyFile(stateRoot));
    expect(read()?.key_id).toBe(made?.key_id);
    expect(statSync(defaultMasterKeyFile(stateRoot)).mode & 0o777).toBe(0o600);
  });
});
