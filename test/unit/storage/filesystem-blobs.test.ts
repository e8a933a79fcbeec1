import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { contentKey } from '../../../storage/blob-store.ts';
import { FilesystemBlobs } from '../../../storage/filesystem-blobs.ts';
import { removeTree } from '../../support/remove-tree.ts';

const KILLED_WRITER = fileURLToPath(new URL('../../support/stand-ins/killed-writer.ts', import.meta.url));

let root: string;
let blobs: FilesystemBlobs;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'interlock-blobs-'));
  blobs = new FilesystemBlobs(root);
});
afterEach(() => removeTree(root));

const bytes = (text: string) => Buffer.from(text, 'utf8');
const listed = async (prefix: string) => {
  const keys: string[] = [];
  for await (const key of blobs.list(prefix)) keys.push(key);
  return keys.sort();
};
const modeOf = (path: string) => statSync(join(root, path)).mode & 0o777;

describe('blobs as files', () => {
  it('gives back what was put, once for all under its key', async () => {
    expect(await blobs.put('checkpoints/host/1/7', bytes('a'))).toBe('stored');
    expect(await blobs.put('checkpoints/host/1/7', bytes('a'))).toBe('present');
    await expect(blobs.put('checkpoints/host/1/7', bytes('b'))).rejects.toMatchObject({ code: 'blob_conflict' });
    expect(Buffer.from(await blobs.get('checkpoints/host/1/7')).toString()).toBe('a');
    await expect(blobs.get('checkpoints/host/1/8')).rejects.toMatchObject({ code: 'blob_missing' });
  });

  it('lists the keys below a prefix and nothing else', async () => {
    for (const key of ['a/b/1', 'a/b/2', 'a/bc/3', 'd']) await blobs.put(key, bytes(key));
    expect(await listed('a/b/')).toEqual(['a/b/1', 'a/b/2']);
    expect(await listed('')).toEqual(['a/b/1', 'a/b/2', 'a/bc/3', 'd']);
    expect(await listed('none/')).toEqual([]);
  });

  it('refuses keys that would lead out of the store or into its drafts', async () => {
    for (const key of ['', '/a', 'a/', '../a', 'a/../b', '.drafts/a', 'a//b', 'a\0', 'ä', 'a'.repeat(129)]) {
      await expect(blobs.put(key, bytes('x')), key).rejects.toMatchObject({ code: 'key_invalid' });
      await expect(blobs.get(key), key).rejects.toMatchObject({ code: 'key_invalid' });
    }
    await expect(listed('a')).rejects.toMatchObject({ code: 'key_invalid' });
  });

  it('is read-only where it lies, and so are the folders', async () => {
    await blobs.put('a/b/c', bytes('x'));
    expect([modeOf('a/b/c'), modeOf('a/b'), modeOf('a')]).toEqual([0o400, 0o500, 0o500]);
    await blobs.put('a/b/d', bytes('y'));
    expect(modeOf('a/b')).toBe(0o500);
  });

  it('finds a content-addressed blob that is not its digest any more', async () => {
    const key = contentKey(bytes('x'));
    await blobs.put(key, bytes('x'));
    chmodSync(join(root, key), 0o600);
    writeFileSync(join(root, key), 'z');
    await expect(blobs.get(key)).rejects.toMatchObject({ code: 'blob_corrupt' });
    await expect(blobs.put(key, bytes('z'))).rejects.toMatchObject({ code: 'blob_corrupt' });
  });

  it('says that the store is out of reach when it is a file', async () => {
    writeFileSync(join(root, 'file'), '');
    const there = new FilesystemBlobs(join(root, 'file', 'blobs'));
    await expect(there.put('a', bytes('x'))).rejects.toMatchObject({ name: 'BlobError' });
  });

  it('puts from several writers at once each have their place', async () => {
    const other = new FilesystemBlobs(root);
    const keys = Array.from({ length: 40 }, (_, i) => `many/${i % 4}/${i}`);
    await Promise.all(keys.map((key, i) => (i % 2 === 0 ? blobs : other).put(key, bytes(key))));
    expect(await listed('many/')).toEqual([...keys].sort());
    const same = await Promise.all([blobs, other, blobs].map((store) => store.put('same', bytes('x'))));
    expect(same.filter((answer) => answer === 'stored')).toHaveLength(1);
  });

  it('a writer killed between writing and naming leaves no blob, and its draft goes', async () => {
    const { signal } = spawnSync(process.execPath, [KILLED_WRITER, root, 'a/b'], { timeout: 30_000 });
    expect(signal).toBe('SIGKILL');
    expect(readdirSync(join(root, '.drafts'))).toHaveLength(1);
    await expect(blobs.get('a/b')).rejects.toMatchObject({ code: 'blob_missing' });
    expect(await listed('')).toEqual([]);
    expect(await blobs.put('a/b', bytes('whole'))).toBe('stored');
    await blobs.sweep();
    expect(readdirSync(join(root, '.drafts'))).toHaveLength(1);
    await blobs.sweep(Date.now() + 7_200_000);
    expect(readdirSync(join(root, '.drafts'))).toHaveLength(0);
    expect(Buffer.from(await blobs.get('a/b')).toString()).toBe('whole');
  });
});
