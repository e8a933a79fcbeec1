import { beforeEach, describe, expect, it } from 'vitest';
import { DELIVERY_LIMITS } from '../../../../activities/exports/deliver.ts';
import { PART_BYTES } from '../../../../domain/export/part.ts';
import { DeliveryUnderTest, memoryDestination, sha256Hex } from '../../../support/deliveries.ts';
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

describe('a delivery', () => {
  it('opens first, then sends parts in order, and gives the name last', async () => {
    const sha256 = sha256Hex(delivery.bytes);
    expect(await delivery.send()).toEqual({ handle: 'h1', bytes: SIZE, sha256 });
    expect([delivery.handle, destination.objects.size]).toEqual(['h1', 0]);
    expect(await delivery.complete(sha256)).toBe('stored');
    expect(destination.asked).toEqual(['open', ...PARTS, 'complete']);
    expect(Buffer.compare(destination.objects.get(delivery.key) ?? new Uint8Array(), delivery.bytes)).toBe(0);
    expect(delivery.said).toEqual([0, PART_BYTES, 2 * PART_BYTES, SIZE]);
  });

  it.each([
    ['before anything', 1, []],
    ['before the first part', 2, ['open']],
    ['between two parts', 3, ['open', ...PARTS.slice(0, 1)]],
    ['before the last part', 4, ['open', ...PARTS.slice(0, 2)]],
    ['directly before the name', 5, ['open', ...PARTS]],
  ])('that meets a hold %s sends no more, and goes on where it was', async (_when, reading, asked) => {
    const lock = airlockUntil(reading, async () => 'closed');
    delivery.airlock = lock.read;
    await expect(delivery.whole()).rejects.toMatchObject(closed);
    expect([lock.readings(), destination.asked, destination.objects.size]).toEqual([reading, asked, 0]);
    destination.asked = [];
    delivery.airlock = async () => 'open';
    expect(await delivery.whole()).toBe('stored');
    expect(destination.asked).toEqual(['open', ...PARTS.filter((part) => !asked.includes(part)), 'complete']);
    expect([destination.objects.size, destination.drafts.size]).toEqual([1, 0]);
  });

  it.each([
    ['does not answer in time', never],
    ['cannot be read', () => Promise.reject(new Error('gone'))],
    ['says something else', async () => 'ajar' as 'open'],
  ])('takes an airlock that %s for closed', async (_what, then) => {
    for (let reading = 1; reading <= 5; reading += 1) {
      delivery = new DeliveryUnderTest(destination, SIZE);
      delivery.limits = { ...DELIVERY_LIMITS, airlock: 20 };
      delivery.airlock = airlockUntil(reading, then).read;
      await expect(delivery.whole()).rejects.toMatchObject(closed);
    }
    expect(destination.objects.size).toBe(0);
  });

  it('keeps its handle before it sends anything, and sends nothing when it cannot', async () => {
    const refused = delivery.send({ keepHandle: () => Promise.reject(new Error('no record')) });
    await expect(refused).rejects.toThrow('no record');
    expect(destination.asked).toEqual(['open']);
  });

  it('whose process dies on the way goes on with the same handle, and there is one object', async () => {
    destination.before = (step) => {
      if (step === PARTS[1]) throw new Error('killed');
    };
    await expect(delivery.whole()).rejects.toMatchObject({ code: 'blob_store_unreachable' });
    destination.before = () => undefined;
    destination.asked = [];
    expect(await delivery.whole()).toBe('stored');
    expect(destination.asked).toEqual(['open', ...PARTS.slice(1), 'complete']);
    expect([destination.objects.size, destination.drafts.size]).toEqual([1, 0]);
  });

  it('that was sent has its digest when it is sent again, and nothing goes twice', async () => {
    await delivery.send();
    destination.asked = [];
    expect((await delivery.send()).sha256).toBe(sha256Hex(delivery.bytes));
    expect(destination.asked).toEqual(['open']);
  });

  it('begins anew where its destination has forgotten it', async () => {
    await delivery.send();
    destination.drafts.clear();
    expect(await delivery.whole()).toBe('stored');
    expect(delivery.handle).toBe('h2');
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

  it.each(['open', 'part', 'complete'] as const)('whose destination hangs at %s ends with its time', async (step) => {
    delivery.limits = { ...DELIVERY_LIMITS, part: 20, commit: 20 };
    destination.before = (asked) => (asked.startsWith(step) ? never() : undefined);
    await expect(delivery.whole()).rejects.toMatchObject({ code: 'blob_store_unreachable' });
  });

  it.each(['blob_store_denied', 'blob_conflict', 'blob_mismatch'])('says %s as its destination does', async (code) => {
    destination.before = () => Promise.reject(Object.assign(new Error(code), { code }));
    await expect(delivery.whole()).rejects.toMatchObject({ name: 'DeliveryError', code });
  });

  it.each([SIZE - 1, SIZE + 1])('of an archive of %i bytes, which it is not, is none', async (bytes) => {
    const archive = { bytes, read: delivery.read };
    await expect(delivery.send({ archive })).rejects.toMatchObject({ code: 'archive_changed' });
  });

  it('that is cancelled ends between two parts', async () => {
    const stopping = new AbortController();
    destination.before = (step) => {
      if (step === PARTS[0]) stopping.abort(new Error('cancelled'));
    };
    await expect(delivery.send({ signal: stopping.signal })).rejects.toThrow('cancelled');
    expect(destination.asked).toEqual(['open', PARTS[0]]);
  });

  it('that is discarded leaves nothing, also twice', async () => {
    await delivery.send();
    await delivery.discard();
    await delivery.discard();
    expect([destination.objects.size, destination.drafts.size]).toEqual([0, 0]);
  });
});
