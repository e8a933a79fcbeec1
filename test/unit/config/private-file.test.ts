import { existsSync, fstatSync, mkdtempSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { chownSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { makePrivateFile, writeReadOnlyFile } from '../../../config/private-file.ts';
import { removeTree } from '../../support/remove-tree.ts';

const done: string[] = [];
vi.mock(import('node:fs'), async (original) => {
  const real = await original();
  const noted =
    <A extends unknown[], R>(name: string, call: (...args: A) => R) =>
    (...args: A): R => {
      done.push(name);
      return call(...args);
    };
  return {
    ...real,
    linkSync: noted('link', real.linkSync),
    renameSync: noted('rename', real.renameSync),
    fsyncSync: (fd: number) => {
      done.push(fstatSync(fd).isDirectory() ? 'sync folder' : 'sync file');
      real.fsyncSync(fd);
    },
  };
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'interlock-private-'));
  done.length = 0;
});
afterEach(() => removeTree(folder));

describe('a file that others are bound to', () => {
  it('is in its folder on the disk before anybody hears that it is there', () => {
    const path = join(folder, 'keys', 'a.key');
    expect(makePrivateFile(path, 'one')).toBe(true);
    expect(done).toEqual(['link', 'sync folder']);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(makePrivateFile(path, 'two')).toBe(false);
    expect(readFileSync(path, 'utf8')).toBe('one');
    expect(readdirSync(join(folder, 'keys'))).toEqual(['a.key']);
  });

  it('that is only read can be written again by whoever wrote it, as after a kill between two steps', () => {
    const path = join(folder, 'a.vkey');
    writeReadOnlyFile(path, 'one');
    expect(done).toEqual(['rename', 'sync folder']);
    expect(statSync(path).mode & 0o777).toBe(0o444);
    const again = `import { writeReadOnlyFile } from ${JSON.stringify(join(process.cwd(), 'config/private-file.ts'))};
      writeReadOnlyFile(${JSON.stringify(path)}, 'two');`;
    // Root writes over anything: somebody else shows whether it can be done.
    const somebody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    if (somebody.uid !== undefined) for (const of of [folder, path]) chownSync(of, 65_534, 65_534);
    const run = spawnSync(process.execPath, ['--input-type=module', '-e', again], { encoding: 'utf8', ...somebody });
    expect({ status: run.status, said: run.stderr }).toEqual({ status: 0, said: '' });
    expect(readFileSync(path, 'utf8')).toBe('two');
    expect(existsSync(path)).toBe(true);
  });
});
