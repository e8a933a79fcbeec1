import { createHash, randomBytes } from 'node:crypto';
import {
  existsSync,
  linkSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PART_BYTES } from '../../../domain/export/part.ts';
import { FileDestination } from '../../../storage/file-destination.ts';
import { removeTree } from '../../support/remove-tree.ts';

let root: string;
let destination: FileDestination;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'interlock-exports-'));
  destination = new FileDestination(root);
});
afterEach(() => removeTree(root));

const KEY = 'default/exp-1.tar';
const LATER = () => new AbortController().signal;
const BYTES = randomBytes(PART_BYTES + 1000);
const wholeOf = (bytes: Uint8Array) => ({
  bytes: bytes.length,
  sha256: createHash('sha256').update(bytes).digest('hex'),
  retain_until: null,
});
const drafts = () => readdirSync(join(root, '.drafts'));
const draftOf = (handle: string) => join(root, '.drafts', handle);
const named = () => existsSync(join(root, KEY));
/** A process that was started again. */
const restarted = () => (destination = new FileDestination(root));

async function sendAll(bytes: Uint8Array, handle: string, from = 0): Promise<void> {
  for (let at = from; at < bytes.length; at += PART_BYTES)
    await destination.part(KEY, handle, at, bytes.subarray(at, at + PART_BYTES));
}

async function begun(bytes: Uint8Array = BYTES): Promise<string> {
  const { handle } = await destination.open(KEY, null);
  await sendAll(bytes, handle);
  return handle;
}

describe('a file destination', () => {
  it('gives the archive its name when it has all of it, read-only, and leaves no draft', async () => {
    const handle = await begun();
    expect([named(), statSync(draftOf(handle)).mode & 0o777]).toEqual([false, 0o600]);
    expect(await destination.complete(KEY, handle, wholeOf(BYTES), LATER())).toBe('stored');
    expect(readFileSync(join(root, KEY)).equals(BYTES)).toBe(true);
    expect([statSync(join(root, KEY)).mode & 0o777, statSync(dirname(join(root, KEY))).mode & 0o777]).toEqual([
      0o400, 0o500,
    ]);
    expect(drafts()).toEqual([]);
  });

  it('goes on after a restart with the whole parts that it has', async () => {
    const handle = await begun();
    truncateSync(draftOf(handle), PART_BYTES + 10);
    restarted();
    expect(await destination.open(KEY, handle)).toEqual({ handle, received: PART_BYTES });
    await sendAll(BYTES, handle, PART_BYTES);
    expect(await destination.complete(KEY, handle, wholeOf(BYTES), LATER())).toBe('stored');
    expect(readFileSync(join(root, KEY)).equals(BYTES)).toBe(true);
  });

  it('takes the same part again, and not another one in its place', async () => {
    const handle = await begun();
    await sendAll(BYTES, handle);
    const other = Buffer.alloc(PART_BYTES, 7);
    await expect(destination.part(KEY, handle, 0, other)).rejects.toMatchObject({ code: 'blob_conflict' });
    expect(await destination.complete(KEY, handle, wholeOf(BYTES), LATER())).toBe('stored');
  });

  it('begins anew where the draft is gone, and refuses a gap', async () => {
    const handle = await begun();
    rmSync(draftOf(handle));
    restarted();
    await expect(destination.part(KEY, handle, 0, BYTES.subarray(0, 10))).rejects.toMatchObject({
      code: 'blob_store_unreachable',
    });
    const again = await destination.open(KEY, handle);
    expect([again.received, again.handle === handle]).toEqual([0, false]);
    await expect(destination.part(KEY, again.handle, PART_BYTES, BYTES.subarray(0, 10))).rejects.toMatchObject({
      code: 'blob_store_unreachable',
    });
  });

  it('says of the same bytes under the name that they are present, and never overwrites others', async () => {
    await destination.complete(KEY, await begun(), wholeOf(BYTES), LATER());
    expect(await destination.complete(KEY, await begun(), wholeOf(BYTES), LATER())).toBe('present');
    const other = randomBytes(100);
    const handle = await begun(other);
    await expect(destination.complete(KEY, handle, wholeOf(other), LATER())).rejects.toMatchObject({
      code: 'blob_conflict',
    });
    expect(readFileSync(join(root, KEY)).equals(BYTES)).toBe(true);
    await destination.abort(KEY, handle);
    await destination.abort(KEY, handle);
    expect(drafts()).toEqual([]);
  });

  it('killed between the name and its answer, finds the archive and leaves it as it is', async () => {
    const handle = await begun();
    await destination.complete(KEY, handle, wholeOf(BYTES), LATER());
    linkSync(join(root, KEY), draftOf(handle));
    restarted();
    expect(await destination.open(KEY, handle)).toEqual({ handle, received: BYTES.length });
    expect(await destination.complete(KEY, handle, wholeOf(BYTES), LATER())).toBe('present');
    expect([drafts(), statSync(join(root, KEY)).mode & 0o777]).toEqual([[], 0o400]);
  });

  it('whose process died when all was sent, or when it had its name, is completed by the next one', async () => {
    const handle = await begun();
    restarted();
    expect(await destination.complete(KEY, handle, wholeOf(BYTES), LATER())).toBe('stored');
    restarted();
    expect(await destination.complete(KEY, handle, wholeOf(BYTES), LATER())).toBe('present');
    const other = wholeOf(randomBytes(10));
    await expect(destination.complete(KEY, handle, other, LATER())).rejects.toMatchObject({ code: 'blob_conflict' });
  });

  it('takes parts that come twice at once', async () => {
    const { handle } = await destination.open(KEY, null);
    await Promise.all([sendAll(BYTES, handle), sendAll(BYTES, handle)]);
    expect(await destination.complete(KEY, handle, wholeOf(BYTES), LATER())).toBe('stored');
  });

  it('gives no name to what is not what was announced, and forgets it', async () => {
    const handle = await begun();
    const announced = { ...wholeOf(BYTES), sha256: '0'.repeat(64) };
    await expect(destination.complete(KEY, handle, announced, LATER())).rejects.toMatchObject({
      code: 'blob_mismatch',
    });
    expect([named(), drafts()]).toEqual([false, []]);
    await expect(destination.complete(KEY, handle, wholeOf(BYTES), LATER())).rejects.toMatchObject({
      code: 'blob_mismatch',
    });
  });

  it('gives no name when its time is over', async () => {
    const handle = await begun();
    await expect(destination.complete(KEY, handle, wholeOf(BYTES), AbortSignal.abort())).rejects.toMatchObject({
      code: 'blob_store_unreachable',
    });
    expect(named()).toBe(false);
    restarted();
    expect(await destination.open(KEY, handle)).toEqual({ handle, received: PART_BYTES });
    await sendAll(BYTES, handle, PART_BYTES);
    expect(await destination.complete(KEY, handle, wholeOf(BYTES), LATER())).toBe('stored');
  });

  it.each(['../exp.tar', '.drafts/x', '/etc/passwd', ''])('has no key %j', async (key) => {
    await expect(destination.open(key, null)).rejects.toMatchObject({ code: 'key_invalid' });
  });

  it.each(['../../x', '', 'x'])('has no handle %j', async (handle) => {
    await expect(destination.open(KEY, handle)).rejects.toMatchObject({ code: 'key_invalid' });
    await expect(destination.abort(KEY, handle)).rejects.toMatchObject({ code: 'key_invalid' });
  });

  it('says when its folder cannot be one', async () => {
    writeFileSync(join(root, 'file'), '');
    const none = new FileDestination(join(root, 'file'));
    await expect(none.open(KEY, null)).rejects.toMatchObject({ code: 'blob_store_unreachable' });
  });
});
