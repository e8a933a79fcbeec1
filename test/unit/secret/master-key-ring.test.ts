import { chmodSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMasterKey, readMasterKey } from '../../../config/master-key.ts';
import { masterKeyRing } from '../../../config/master-key-ring.ts';
import { removeTree } from '../../support/remove-tree.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'interlock-ring-'));
  path = join(folder, 'master.key');
  createMasterKey(path);
});
afterEach(() => removeTree(folder));

const ids = ({ key_id, others }: { key_id: string; others: readonly { key_id: string }[] }) => [
  key_id,
  ...others.map((other) => other.key_id),
];

describe('the keys of a process', () => {
  it('are those of the file and of the next one, as they are now', () => {
    const read = masterKeyRing(path);
    const old = readMasterKey(path).key_id;
    const first = read();
    expect(ids(first)).toEqual([old]);
    expect(read()).toBe(first);
    createMasterKey(`${path}.next`);
    const next = readMasterKey(`${path}.next`).key_id;
    expect(ids(read())).toEqual([old, next]);
    expect(ids(first.reread())).toEqual([old, next]);
    renameSync(`${path}.next`, path);
    expect(ids(read())).toEqual([next]);
  });

  it('stay when the file cannot be read any more, which a start does not survive', () => {
    const read = masterKeyRing(path);
    const held = ids(read());
    chmodSync(path, 0o644);
    expect(ids(read())).toEqual(held);
    rmSync(path);
    expect(ids(read())).toEqual(held);
    expect(masterKeyRing(path)).toThrow(expect.objectContaining({ code: 'master_key_unreadable' }) as Error);
    createMasterKey(path);
    expect(ids(read())).toEqual([readMasterKey(path).key_id]);
  });

  it.each([
    ['no key', 'hunter2', 0o600],
    ['open to others', '0f'.repeat(32), 0o644],
  ])('have no next one in a file that is %s', (_what, text, mode) => {
    writeFileSync(`${path}.next`, text);
    chmodSync(`${path}.next`, mode);
    expect(ids(masterKeyRing(path)())).toEqual([readMasterKey(path).key_id]);
  });
});
