import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { contentKey } from '../../../storage/blob-store.ts';
import { FilesystemBlobs } from '../../../storage/filesystem-blobs.ts';
import { removeTree } from '../../support/remove-tree.ts';

let root: string;
let blobs: FilesystemBlobs;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'interlock-blobs-'));
  blobs = new FilesystemBlobs(root);
});
afterEach(() => removeTree(root));

async function readAll(key: string): Promise<{ length: number; got: Buffer; error?: unknown }> {
  const { length, chunks, close } = await blobs.read(key);
  const got: Uint8Array[] = [];
  try {
    for await (const chunk of chunks()) got.push(chunk);
    return { length, got: Buffer.concat(got) };
  } catch (error) {
    return { length, got: Buffer.concat(got), error };
  } finally {
    await close();
  }
}

describe('a blob in pieces', () => {
  it.each([0, 1, 256 * 1024, 256 * 1024 + 1, 700_000])('of %i bytes is all of it', async (size) => {
    const bytes = Buffer.alloc(size, 'x');
    const key = contentKey(bytes);
    await blobs.put(key, bytes);
    const { length, got } = await readAll(key);
    expect([length, got.equals(bytes)]).toEqual([size, true]);
  });

  it('that is not what its key names never comes to its end', async () => {
    const bytes = Buffer.alloc(700_000, 'x');
    const key = contentKey(bytes);
    await blobs.put(key, bytes);
    const path = join(root, key);
    chmodSync(path, 0o600);
    bytes[0] = 0;
    writeFileSync(path, bytes);
    const { length, got, error } = await readAll(key);
    expect(error).toMatchObject({ code: 'blob_corrupt' });
    expect(got.length).toBeLessThan(length);
  });

  it('that is not there is missing', async () => {
    await expect(blobs.read(contentKey(Buffer.from('none')))).rejects.toMatchObject({ code: 'blob_missing' });
  });
});
