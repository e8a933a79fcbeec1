import { beforeEach, describe, expect, it } from 'vitest';
import { PART_BYTES } from '../../../../domain/export/part.ts';
import { DeliveryUnderTest, inPieces, memoryDestination, sha256Hex } from '../../../support/deliveries.ts';
import type { MemoryDestination } from '../../../support/deliveries.ts';

const SIZE = 2 * PART_BYTES + 100;
const PARTS = ['part 0', `part ${PART_BYTES}`, `part ${2 * PART_BYTES}`];
const never = () => new Promise<never>(() => undefined);

let destination: MemoryDestination;
let delivery: DeliveryUnderTest;
beforeEach(() => {
  destination = memoryDestination();
  delivery = new DeliveryUnderTest(destination, SIZE);
});

/** An airlock that says `then` from its n-th reading on. */
function airlockUntil(n: number, then: () => Promise<'open' | 'closed'>) {
  let readings = 0;
  return { read: async () => (++readings < n ? ('open' as const) : then()), readings: () => readings };
}

const closed = { name: 'DeliveryError', code: 'airlock_closed' };
/** Everything, up to the name. */
const whole = async () => {
  const { sha256 } = await delivery.send();
  return delivery.complete(sha256);
};

describe('a delivery', () => {
  it('opens first, then sends parts in order, and gives the name last', async () => {
    expect(await delivery.stretch()).toEqual({ kind: 'more', handle: 'h1', received: 0 });
    expect([destination.asked, delivery.readings]).toEqual([['open'], 0]);
    const sha256 = sha256Hex(delivery.bytes);
    expect(await delivery.stretch()).toEqual({ kind: 'sent', handle: 'h1', received: SIZE, sha256 });
    expect(destination.objects.size).toBe(0);
    expect(await delivery.complete(sha256)).toBe('stored');
    expect(destination.asked).toEqual(['open', 'open', ...PARTS, 'complete']);
    expect(Buffer.compare(destination.objects.get(delivery.key) ?? new Uint8Array(), delivery.bytes)).toBe(0);
  });

  it.each([
    ['before anything', 1, 0],
    ['before it is opened again', 2, 0],
    ['before the first part', 3, 0],
    ['between two parts', 4, 1],
    ['before the last part', 5, 2],
    ['directly before the name', 6, 3],
  ])('that meets a hold %s sends no more, and goes on where it was', async (_when, reading, sent) => {
    const lock = airlockUntil(reading, async () => 'closed');
    delivery.airlock = lock.read;
    await expect(whole()).rejects.toMatchObject(closed);
    expect([lock.readings(), destination.objects.size]).toEqual([reading, 0]);
    expect(destination.asked.filter((step) => step !== 'open')).toEqual(PARTS.slice(0, sent));
    destination.asked = [];
    delivery.airlock = async () => 'open';
    expect(await whole()).toBe('stored');
    expect(destination.asked.filter((step) => step !== 'open')).toEqual([...PARTS.slice(sent), 'complete']);
    expect([destination.objects.size, destination.drafts.size]).toEqual([1, 0]);
  });

  it.each([
    ['does not answer in time', never],
    ['cannot be read', () => Promise.reject(new Error('gone'))],
    ['says something else', async () => 'ajar' as 'open'],
  ])('takes an airlock that %s for closed', async (_what, then) => {
    for (let reading = 1; reading <= 6; reading += 1) {
      delivery = new DeliveryUnderTest(destination, SIZE, { airlock: 20 });
      delivery.airlock = airlockUntil(reading, then).read;
      await expect(whole()).rejects.toMatchObject(closed);
    }
    expect(destination.objects.size).toBe(0);
  });

  it('whose process dies on the way goes on with the same handle, and there is one object', async () => {
    destination.before = (step) => {
      if (step === PARTS[1]) throw new Error('killed');
    };
    await expect(whole()).rejects.toMatchObject({ code: 'blob_store_unreachable' });
    destination.before = () => undefined;
    destination.asked = [];
    delivery.restart();
    expect(await whole()).toBe('stored');
    expect(destination.asked).toEqual(['open', ...PARTS.slice(1), 'complete']);
    expect([destination.objects.size, destination.drafts.size]).toEqual([1, 0]);
  });

  it('reads its archive once over many stretches, and again in a new process', async () => {
    delivery.restart({ stretch: 0 });
    const slow = async function* (): AsyncGenerator<Uint8Array> {
      for await (const piece of inPieces(delivery.bytes, 2_000_000)) {
        await new Promise((resolve) => setImmediate(resolve));
        yield piece;
      }
    };
    delivery.read = slow;
    let stretches = 0;
    for (; (await delivery.stretch()).kind === 'more'; stretches += 1);
    expect(stretches).toBeGreaterThan(2);
    expect([delivery.readings, destination.asked.filter((step) => step !== 'open')]).toEqual([1, PARTS]);
    delivery.restart();
    expect((await delivery.send()).sha256).toBe(sha256Hex(delivery.bytes));
    expect([delivery.readings, destination.asked.filter((step) => step !== 'open')]).toEqual([2, PARTS]);
  });

  it('ends its stretch though the archive hangs, and goes on when it does not', async () => {
    delivery.restart({ stretch: 20 });
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    delivery.read = async function* () {
      await held;
      yield* inPieces(delivery.bytes);
    };
    await delivery.stretch();
    expect(await delivery.stretch()).toEqual({ kind: 'more', handle: 'h1', received: 0 });
    release();
    expect(await whole()).toBe('stored');
    expect(delivery.readings).toBe(1);
  });

  it('begins anew where its destination has forgotten it', async () => {
    await delivery.send();
    destination.drafts.clear();
    expect(await delivery.stretch()).toMatchObject({ kind: 'more', received: 0 });
    expect(await whole()).toBe('stored');
  });

  it('whose archive breaks off says why, and reads no further', async () => {
    let ended = false;
    delivery.read = async function* () {
      try {
        yield delivery.bytes.subarray(0, PART_BYTES);
        throw new RangeError('broken');
      } finally {
        ended = true;
      }
    };
    await expect(delivery.send()).rejects.toThrow(RangeError);
    expect([ended, destination.objects.size]).toEqual([true, 0]);
  });

  it.each(['part', 'complete'] as const)('whose destination hangs at %s ends with its time', async (step) => {
    delivery.restart({ part: 20, commit: 20 });
    await delivery.stretch();
    destination.before = (asked) => (asked.startsWith(step) ? never() : undefined);
    await expect(whole()).rejects.toMatchObject({ code: 'blob_store_unreachable' });
  });

  it.each(['blob_store_denied', 'blob_conflict', 'blob_mismatch'])('says %s as its destination does', async (code) => {
    destination.before = () => Promise.reject(Object.assign(new Error(code), { code }));
    await expect(whole()).rejects.toMatchObject({ name: 'DeliveryError', code });
  });

  it.each([SIZE - 1, SIZE + 1])('of an archive of %i bytes, which it is not, is none', async (bytes) => {
    await delivery.stretch();
    await expect(delivery.stretch(bytes)).rejects.toMatchObject({ code: 'archive_changed' });
  });

  it('that is discarded leaves nothing, also twice', async () => {
    await delivery.send();
    await delivery.discard();
    await delivery.discard();
    expect([destination.objects.size, destination.drafts.size]).toEqual([0, 0]);
  });
});
