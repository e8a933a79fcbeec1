import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { registryKey } from '../../../storage/blob-store.ts';
import { FilesystemBlobs } from '../../../storage/filesystem-blobs.ts';
import { removeTree } from '../../support/remove-tree.ts';

let root: string;
let blobs: FilesystemBlobs;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'interlock-blobs-'));
  blobs = new FilesystemBlobs(root);
});
afterEach(() => removeTree(root));

const BYTES = Buffer.from('weights');
const KEY = registryKey(createHash('sha256').update(BYTES).digest('hex'));
const drafts = () => readdirSync(join(root, '.drafts'));
async function* pieces(...list: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* list;
}

describe('a staged blob', () => {
  it('has no name before it is kept, and its drafts go', async () => {
    const staged = await blobs.stage(KEY, pieces(BYTES.subarray(0, 3), BYTES.subarray(3)), 100);
    expect([staged.size, existsSync(join(root, KEY))]).toEqual([7, false]);
    expect([await staged.keep(), await staged.keep()]).toEqual(['stored', 'present']);
    await staged.discard();
    expect(await blobs.get(KEY)).toEqual(BYTES);
    expect(statSync(join(root, KEY)).mode & 0o777).toBe(0o400);
    expect(drafts()).toEqual([]);
  });

  it.each([
    ['is not what the key names', () => pieces(Buffer.from('Weights')), { code: 'blob_mismatch' }],
    ['is too long', () => pieces(BYTES, Buffer.alloc(100)), { code: 'blob_too_large' }],
  ])('that %s leaves nothing', async (_what, source, error) => {
    await expect(blobs.stage(KEY, source(), 100)).rejects.toMatchObject(error);
    expect([drafts(), existsSync(join(root, KEY))]).toEqual([[], false]);
  });

  it('whose source breaks off leaves nothing, and says what broke', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield BYTES;
      throw new RangeError('gone');
    }
    await expect(blobs.stage(KEY, broken(), 100)).rejects.toThrow(RangeError);
    expect(drafts()).toEqual([]);
  });

  it('is refused where the folder is not to be written', async () => {
    const refused = new FilesystemBlobs(root, {
      link: () => Promise.reject(Object.assign(new Error('EROFS'), { code: 'EROFS' })),
    });
    const staged = await refused.stage(KEY, pieces(BYTES), 100);
    await expect(staged.keep()).rejects.toMatchObject({ code: 'blob_store_denied' });
  });

  it('can be removed, once', async () => {
    const staged = await blobs.stage(KEY, pieces(BYTES), 100);
    await staged.keep();
    await staged.discard();
    expect([await blobs.remove(KEY), await blobs.remove(KEY)]).toEqual([true, false]);
    await expect(blobs.read(KEY)).rejects.toMatchObject({ code: 'blob_missing' });
  });
});

it('a store whose folder is gone is unreachable: nobody can tell what it had', async () => {
  const gone = new FilesystemBlobs(join(root, 'unmounted'));
  await expect(gone.read(KEY)).rejects.toMatchObject({ code: 'blob_store_unreachable' });
});
