import { beforeEach, describe, expect, it } from 'vitest';
import { PART_BYTES } from '../../../../domain/export/part.ts';
import { deliveryOf, memoryDestination, sha256Hex } from '../../../support/deliveries.ts';
import type { DeliveryUnderTest, MemoryDestination } from '../../../support/deliveries.ts';

const KEY = 'default/exp-1.tar';
const SIZE = 2 * PART_BYTES + 100;
/** Open, before each of the three parts, before the name, after it. */
const READINGS = 6;
const never = () => new Promise<never>(() => undefined);

let destination: MemoryDestination;
let delivery: DeliveryUnderTest;
beforeEach(() => {
  destination = memoryDestination();
  delivery = deliveryOf(destination, SIZE);
});

/** An airlock that says `then` from its n-th reading on. */
function airlockUntil(n: number, then: () => Promise<'open' | 'closed'>) {
  let readings = 0;
  return { read: async () => (++readings < n ? ('open' as const) : then()), readings: () => readings };
}

describe('a delivery', () => {
  it('sends parts in order and gives the name last, with the digest of all of it', async () => {
    const lock = airlockUntil(Infinity, async () => 'open');
    expect(await delivery.run({ airlock: lock.read })).toEqual({
      state: 'exported',
      bytes: SIZE,
      sha256: sha256Hex(delivery.bytes),
      kept: 'stored',
      closed_during_commit: false,
    });
    expect(destination.asked).toEqual(['open', 'part 0', `part ${PART_BYTES}`, `part ${2 * PART_BYTES}`, 'complete']);
    expect(lock.readings()).toBe(READINGS);
    expect(Buffer.compare(destination.objects.get(KEY) ?? new Uint8Array(), delivery.bytes)).toBe(0);
  });

  it.each([
    ['before anything', 1, 0, []],
    ['before the first part', 2, 0, ['open']],
    ['between two parts', 3, PART_BYTES, ['open', 'part 0']],
    ['directly before the name', 5, SIZE, ['open', 'part 0', `part ${PART_BYTES}`, `part ${2 * PART_BYTES}`]],
  ])('that meets a hold %s is blocked, and goes on where it was', async (_when, reading, sent, asked) => {
    const lock = airlockUntil(reading, async () => 'closed');
    expect(await delivery.run({ airlock: lock.read })).toEqual({ state: 'blocked', reason: 'airlock_closed', sent });
    expect([destination.asked, destination.objects.size]).toEqual([asked, 0]);
    destination.asked = [];
    expect(await delivery.run()).toMatchObject({ state: 'exported', sha256: sha256Hex(delivery.bytes) });
    const parts = [0, PART_BYTES, 2 * PART_BYTES].filter((start) => start >= sent).map((start) => `part ${start}`);
    expect([destination.asked, destination.objects.size]).toEqual([['open', ...parts, 'complete'], 1]);
  });

  it('that meets a hold while its name is given says so', async () => {
    let hold = false;
    destination.before = (step) => void (hold ||= step === 'complete');
    const answer = await delivery.run({ airlock: async () => (hold ? 'closed' : 'open') });
    expect(answer).toMatchObject({ state: 'exported', closed_during_commit: true });
  });

  it.each([
    ['does not answer in time', never],
    ['cannot be read', () => Promise.reject(new Error('gone'))],
    ['says something else', async () => 'ajar' as 'open'],
  ])('takes an airlock that %s for closed', async (_what, then) => {
    for (let reading = 1; reading < READINGS; reading += 1) {
      const lock = airlockUntil(reading, then);
      const answer = await delivery.run({ airlock: lock.read, within: { airlockMs: 20 } });
      expect(answer).toMatchObject({ state: 'blocked', reason: 'airlock_closed' });
      delivery.kept.handle = null;
    }
    expect(destination.objects.size).toBe(0);
    const last = airlockUntil(READINGS, then);
    const answer = await delivery.run({ airlock: last.read, within: { airlockMs: 20 } });
    expect(answer).toMatchObject({ state: 'exported', closed_during_commit: true });
  });

  it('keeps its handle before it sends anything, and sends nothing when it cannot', async () => {
    const refused = delivery.run({ keepHandle: () => Promise.reject(new Error('no record')) });
    await expect(refused).rejects.toThrow('no record');
    expect(destination.asked).toEqual(['open']);
  });

  it('whose process dies on the way goes on with the same handle, and there is one object', async () => {
    destination.before = (step) => {
      if (step === `part ${PART_BYTES}`) throw new Error('killed');
    };
    await expect(delivery.run()).rejects.toMatchObject({ name: 'DeliveryError', code: 'blob_store_unreachable' });
    destination.before = () => undefined;
    destination.asked = [];
    expect(await delivery.run()).toMatchObject({ state: 'exported', kept: 'stored' });
    expect(destination.asked).toEqual(['open', `part ${PART_BYTES}`, `part ${2 * PART_BYTES}`, 'complete']);
    expect([destination.objects.size, destination.drafts.size]).toEqual([1, 0]);
  });

  it('whose destination hangs while the name is given ends with its time', async () => {
    destination.before = (step) => (step === 'complete' ? never() : undefined);
    await expect(delivery.run({ within: { commitMs: 20 } })).rejects.toMatchObject({ code: 'blob_store_unreachable' });
  });

  it.each(['blob_store_denied', 'blob_conflict'])('says %s as its destination does', async (code) => {
    destination.before = () => Promise.reject(Object.assign(new Error(code), { code }));
    await expect(delivery.run()).rejects.toMatchObject({ name: 'DeliveryError', code });
  });

  it('of an archive in another length than was said has no name', async () => {
    await expect(delivery.run({}, { bytes: SIZE + 1 })).rejects.toMatchObject({ code: 'archive_changed' });
    expect(destination.objects.size).toBe(0);
  });

  it('that is cancelled ends between two parts', async () => {
    const stopping = new AbortController();
    destination.before = (step) => {
      if (step === 'part 0') stopping.abort(new Error('cancelled'));
    };
    await expect(delivery.run({ signal: stopping.signal })).rejects.toThrow('cancelled');
    expect([destination.asked, destination.objects.size]).toEqual([['open', 'part 0'], 0]);
  });

  it('says how far it is', async () => {
    const said: number[] = [];
    await delivery.run({ heartbeat: ({ sent }) => said.push(sent) });
    expect([...new Set(said)]).toEqual([0, PART_BYTES, 2 * PART_BYTES, SIZE]);
  });
});
