import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../config/config-error.ts';
import { loadPayloadKeys } from '../../../config/payload-keys.ts';
import { temporaryStateRoot } from '../../support/state-root.ts';

const hex = (fill: string) => fill.repeat(64);
const refusal = (read: () => unknown): string => {
  try {
    read();
  } catch (error) {
    if (error instanceof ConfigError) return error.code;
    throw error;
  }
  return 'accepted';
};

describe('keys of payloads', () => {
  it('are made once for the embedded server, for its owner alone', () => {
    const stateRoot = temporaryStateRoot();
    const given = { payloadKeysFile: undefined, stateRoot, env: 'embedded' } as const;
    const [first] = loadPayloadKeys(given);
    expect(loadPayloadKeys(given).map((k) => k.key_id)).toEqual([first?.key_id]);
    const path = join(stateRoot, 'keys/payload.keys');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, 'utf8')).toMatch(/^[0-9a-f]{64}\n$/);
  });

  it('are none in production where none are named', () => {
    expect(loadPayloadKeys({ payloadKeysFile: undefined, stateRoot: temporaryStateRoot(), env: 'production' })).toEqual(
      [],
    );
  });

  it('are as many as a named file has lines, the first first', () => {
    const stateRoot = temporaryStateRoot();
    const file = join(stateRoot, 'keys');
    const read = () => loadPayloadKeys({ payloadKeysFile: file, stateRoot, env: 'production' });
    writeFileSync(file, `${hex('a')}\n${hex('b')}\n`, { mode: 0o600 });
    const ids = read().map((k) => k.key_id);
    writeFileSync(file, `${hex('b')}\n`, { mode: 0o600 });
    expect(read().map((k) => k.key_id)).toEqual([ids[1]]);
  });

  it('of a file that is not there, not private, empty or malformed are refused', () => {
    const stateRoot = temporaryStateRoot();
    const file = join(stateRoot, 'keys');
    const read = () => refusal(() => loadPayloadKeys({ payloadKeysFile: file, stateRoot, env: 'embedded' }));
    expect(read()).toBe('refused');
    writeFileSync(file, `${hex('a')}\n`, { mode: 0o644 });
    expect(read()).toBe('refused');
    chmodSync(file, 0o600);
    expect(read()).toBe('accepted');
    for (const text of ['\n', 'abc\n', `${hex('a')}\nx\n`]) {
      writeFileSync(file, text);
      expect([text, read()]).toEqual([text, 'malformed']);
    }
  });
});
