import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contentKey, registryKey } from '../../../storage/blob-store.ts';
import { BACKENDS, openStore, pieces, readAll } from './stores.ts';
import type { StoreUnderTest } from './stores.ts';

const MIB = 1024 * 1024;
const text = (words: string) => Buffer.from(words, 'utf8');
const nameOf = (bytes: Buffer) => registryKey(createHash('sha256').update(bytes).digest('hex'));

describe.each(BACKENDS)('a store of blobs (%s)', (backend) => {
  let store: StoreUnderTest;
  beforeAll(async () => {
    store = await openStore(backend);
  });
  afterAll(() => store?.close());
  const listed = async (prefix: string) => {
    const keys: string[] = [];
    for await (const key of store.blobs.list(prefix)) keys.push(key);
    return keys.sort();
  };

  it('S0-01 gives back what was put, once for all under its key', async () => {
    const { blobs } = store;
    expect(await blobs.put('checkpoints/host/1/7', text('a'))).toBe('stored');
    expect(await blobs.put('checkpoints/host/1/7', text('a'))).toBe('present');
    await expect(blobs.put('checkpoints/host/1/7', text('b'))).rejects.toMatchObject({ code: 'blob_conflict' });
    expect(Buffer.from(await blobs.get('checkpoints/host/1/7')).toString()).toBe('a');
    await expect(blobs.get('checkpoints/host/1/8')).rejects.toMatchObject({ code: 'blob_missing' });
    await blobs.reach();
  });

  it('lists the keys below a prefix and nothing else', async () => {
    for (const key of ['l/b/1', 'l/b/2', 'l/bc/3']) await store.blobs.put(key, text(key));
    expect(await listed('l/b/')).toEqual(['l/b/1', 'l/b/2']);
    expect(await listed('l/')).toEqual(['l/b/1', 'l/b/2', 'l/bc/3']);
    expect(await listed('none/')).toEqual([]);
  });

  it('refuses keys that would lead out of the store or into its drafts', async () => {
    const { blobs } = store;
    for (const key of ['', '/a', 'a/', '../a', 'a/../b', '.drafts/a', 'a//b', 'a\0', 'ä', 'a'.repeat(129)]) {
      await expect(blobs.put(key, text('x')), key).rejects.toMatchObject({ code: 'key_invalid' });
      await expect(blobs.get(key), key).rejects.toMatchObject({ code: 'key_invalid' });
      await expect(blobs.read(key), key).rejects.toMatchObject({ code: 'key_invalid' });
      await expect(blobs.stage(key, pieces(), 1), key).rejects.toMatchObject({ code: 'key_invalid' });
      await expect(blobs.remove(key), key).rejects.toMatchObject({ code: 'key_invalid' });
    }
    await expect(listed('a')).rejects.toMatchObject({ code: 'key_invalid' });
  });

  it.each([0, 1, 256 * 1024 + 1, 8 * MIB, 17 * MIB + 3])('a staged blob of %i bytes is all of it', async (size) => {
    const bytes = randomBytes(size);
    const key = nameOf(bytes);
    const cut = Math.floor(size / 3);
    const staged = await store.blobs.stage(key, pieces(bytes.subarray(0, cut), bytes.subarray(cut)), 32 * MIB);
    await expect(store.blobs.read(key)).rejects.toMatchObject({ code: 'blob_missing' });
    expect([staged.size, await staged.keep(), await staged.keep()]).toEqual([size, 'stored', 'present']);
    await staged.discard();
    const { length, got, error } = await readAll(store.blobs, key);
    expect([length, got.equals(bytes), error]).toEqual([size, true, undefined]);
  });

  it.each([100, 9 * MIB])('what is not what its key names, of %i bytes, leaves nothing', async (size) => {
    const bytes = randomBytes(size);
    const key = nameOf(bytes);
    const { blobs } = store;
    const other = Buffer.from(bytes);
    other[0] = (other[0] ?? 0) ^ 1;
    await expect(blobs.stage(key, pieces(other), size)).rejects.toMatchObject({ code: 'blob_mismatch' });
    await expect(blobs.stage(key, pieces(bytes, text('x')), size)).rejects.toMatchObject({ code: 'blob_too_large' });
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield bytes;
      throw new RangeError('gone');
    }
    await expect(blobs.stage(key, broken(), size)).rejects.toThrow(RangeError);
    await expect(blobs.put(key, other)).rejects.toMatchObject({ code: 'blob_corrupt' });
    await expect(blobs.get(key)).rejects.toMatchObject({ code: 'blob_missing' });
  });

  it.each([1000, 700_000])('a flipped bit among %i bytes is never read to its end', async (size) => {
    const bytes = randomBytes(size);
    const key = contentKey(bytes);
    await store.blobs.put(key, bytes);
    store.flip(key, size - 1);
    const { length, got, error } = await readAll(store.blobs, key);
    expect(error).toMatchObject({ code: 'blob_corrupt' });
    expect([length, got.length < size]).toEqual([size, true]);
    await expect(store.blobs.get(key)).rejects.toMatchObject({ code: 'blob_corrupt' });
    await expect(store.blobs.put(key, bytes)).rejects.toMatchObject({ code: 'blob_corrupt' });
  });

  it.each([1000, 9 * MIB])('what is not its digest any more, of %i bytes, is replaced by what is', async (size) => {
    const bytes = randomBytes(size);
    const key = nameOf(bytes);
    const first = await store.blobs.stage(key, pieces(bytes), size);
    await first.keep();
    store.flip(key, size - 1);
    const staged = await store.blobs.stage(key, pieces(bytes), size);
    expect(await staged.keep()).toBe('present');
    const again = await store.blobs.stage(key, pieces(bytes), size);
    await again.replace();
    await Promise.all([first, staged, again].map((each) => each.discard()));
    expect((await readAll(store.blobs, key)).got.equals(bytes)).toBe(true);
  });

  it('is removed once, and may be put again', async () => {
    const bytes = randomBytes(100);
    const key = nameOf(bytes);
    await store.blobs.put(key, bytes);
    expect([await store.blobs.remove(key), await store.blobs.remove(key)]).toEqual([true, false]);
    await expect(store.blobs.read(key)).rejects.toMatchObject({ code: 'blob_missing' });
    expect(await store.blobs.put(key, bytes)).toBe('stored');
  });

  it('of several writers at once one has the name, and all are told', async () => {
    const { blobs, other } = store;
    const bytes = randomBytes(9 * MIB);
    const key = nameOf(bytes);
    const puts = await Promise.all([blobs, other, blobs, other].map((each) => each.put('same', text('x'))));
    expect(puts.filter((answer) => answer === 'stored')).toHaveLength(1);
    const staged = await Promise.all([blobs, other, blobs].map((each) => each.stage(key, pieces(bytes), bytes.length)));
    const kept = await Promise.all(staged.map((each) => each.keep()));
    expect(kept.filter((answer) => answer === 'stored')).toHaveLength(1);
    await Promise.all(staged.map((each) => each.discard()));
    expect((await readAll(blobs, key)).got.equals(bytes)).toBe(true);
    const different = await Promise.allSettled([blobs, other].map((each, i) => each.put('contended', text(`${i}`))));
    expect(different.map((each) => each.status).sort()).toEqual(['fulfilled', 'rejected']);
  });
});
