import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rows } from '../../../db/client.ts';
import { publishCheckpoint, sequenceEntries } from '../../../db/command/sequence-entries.ts';
import { formatCheckpoint } from '../../../domain/ledger/checkpoint.ts';
import { startApi } from '../api/api-under-test.ts';
import type { ApiUnderTest, Options } from '../api/api-under-test.ts';
import { eventually } from '../../support/eventually.ts';
import { openEventSource } from '../../support/event-source.ts';
import type { EventSource, StreamEvent } from '../../support/event-source.ts';
import { allPublished, append, entryOf, startSequencers } from '../../support/log.ts';
import { openRecord } from '../../support/record.ts';
import { tcpProxy } from '../../support/tcp-proxy.ts';

let record: Awaited<ReturnType<typeof openRecord>>;
const opened: (() => unknown)[] = [];
beforeEach(async () => {
  record = await openRecord();
  opened.push(record.close);
});
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

const sequencers = (count = 1) => {
  const running = startSequencers({ db: record.db, databaseUrl: record.url }, count);
  opened.push(running.stop);
};

async function start(options: Options = {}): Promise<ApiUnderTest> {
  const api = await startApi({ databaseUrl: record.url, ...options });
  let closed: Promise<void> | undefined;
  const close = () => (closed ??= api.close());
  opened.push(close);
  return { ...api, close };
}

async function stream(api: ApiUnderTest, path: string, lastEventId?: string): Promise<EventSource> {
  const source = await openEventSource(api.url + path, lastEventId ? { 'Last-Event-ID': lastEventId } : {});
  opened.push(source.close);
  return source;
}

/** A reproducible sequence of numbers below `n`. */
function dice(seed: number) {
  let state = seed;
  return (n: number) => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor((state / 2147483648) * n);
  };
}

/** One reader after the other on the same place, as a browser that comes back; keeps what all of them got. */
class Reader {
  readonly got: StreamEvent[] = [];
  readonly path: string;
  #last = 'start';
  #source: EventSource | undefined;

  constructor(path: string) {
    this.path = path;
  }

  async connect(api: ApiUnderTest): Promise<void> {
    this.drop();
    const source = await stream(api, this.path, this.#last).catch(() => undefined);
    if (source?.status === 200) this.#source = source;
    else source?.close();
  }

  /** Ends the connection wherever it stands; what came on it was read. */
  drop(): void {
    const source = this.#source;
    if (source === undefined) return;
    source.close();
    this.#source = undefined;
    this.got.push(...source.events);
    if (source.lastEventId !== '') this.#last = source.lastEventId;
  }

  get connected(): boolean {
    return this.#source !== undefined && this.#source.over === undefined;
  }

  get ids(): string[] {
    return [...this.got, ...(this.#source?.events ?? [])].map((e) => e.id);
  }
}

describe('streams over losses', () => {
  it.each([1, 2, 3])(
    'S1-137 neither gap nor duplicate over restarted and several API processes, while the log grows (seed %i)',
    async (seed) => {
      sequencers(2);
      const roll = dice(seed);
      const apis = [await start(), await start()];
      const readers = ['/v1/events/stream', '/v1/events/stream', '/v1/runs/R/stream'].map((path) => new Reader(path));
      let writing = true;
      let n = 0;
      const writers = Array.from({ length: 4 }, async (_, lane) => {
        const own = dice(seed * 100 + lane);
        while (writing) {
          const batch = Array.from({ length: 1 + own(5) }, () =>
            entryOf(n++, {
              workspace_id: ['default', 'system', 'lab'][own(3)] as string,
              object: own(4) === 0 ? 'run/R' : 'test/x',
            }),
          );
          await append(record.db, ...batch);
          await sleep(own(8));
        }
      });
      for (let step = 0; step < 40; step++) {
        for (const reader of readers) {
          if (!reader.connected || roll(4) === 0) await reader.connect(apis[roll(2)] as ApiUnderTest);
        }
        if (roll(8) === 0) {
          const which = roll(2);
          await apis[which]?.close();
          apis[which] = await start();
        }
        await sleep(roll(60));
      }
      writing = false;
      await Promise.all(writers);
      await allPublished(record.db);

      const of = async (condition: string) =>
        (
          await rows<{ id: string }>(
            record.db,
            `SELECT epoch || '-' || idx AS id FROM log_index WHERE workspace_id IN ('default', 'system') AND ${condition} ORDER BY idx`,
          )
        ).map((row) => row.id);
      const expected = [await of('true'), await of('true'), await of(`object = 'run/R'`)];
      expect(expected[2]?.length).toBeGreaterThan(10);
      for (const [i, reader] of readers.entries()) {
        if (!reader.connected) await reader.connect(apis[0] as ApiUnderTest);
        await eventually(async () => reader.ids.length >= (expected[i]?.length ?? 0));
        expect(reader.ids).toEqual(expected[i]);
      }
    },
  );

  it('sends nothing that no signed checkpoint covers', async () => {
    const api = await start();
    await record.db.query(
      `INSERT INTO log_heads (epoch, origin, verifier_key, size, root, opened_at, grown_at, actor) VALUES (1, 'o/1', 'k', 0, '\\x00', now(), now(), 's')`,
    );
    const memory = {};
    const grow = async (publish: boolean) => {
      const head = (await sequenceEntries(record.db, memory))!;
      if (publish) await publishCheckpoint(record.db, head, checkpointOf(head));
    };
    await record.db.query('UPDATE log_heads SET root = $1', [emptyRoot()]);
    const source = await stream(api, '/v1/events/stream?after=start');
    await append(record.db, entryOf(1));
    await grow(false);
    await record.db.query(`SELECT pg_notify('ledger_grown', '99')`);
    const late = await stream(api, '/v1/events/stream?after=start');
    await record.db.query(`SELECT pg_notify('ledger_grown', '99')`);
    await sleep(150);
    expect([source.events, late.events]).toEqual([[], []]);
    await grow(true);
    const size = (await rows<{ n: number }>(record.db, 'SELECT signed_size AS n FROM log_heads'))[0]?.n;
    await source.count(size ?? 0);
    await late.count(size ?? 0);
    expect(source.events).toEqual(late.events);
  });

  it('goes on with the next epoch, wherever in an earlier one a client stood', async () => {
    sequencers();
    const api = await start();
    await append(record.db, entryOf(1), entryOf(2));
    const size = await allPublished(record.db);
    const live = await stream(api, '/v1/events/stream?after=start');
    await live.count(size);
    await append(record.db, entryOf(3));
    await allPublished(record.db);
    await live.count(size + 1);
    // As after a restore: the log goes on under a new origin, from 0.
    await record.db.query(
      `INSERT INTO log_heads (epoch, origin, verifier_key, size, root, opened_at, grown_at, actor)
        SELECT 2, 'o/2', verifier_key, 0, $1, now(), now(), 's' FROM log_heads`,
      [emptyRoot()],
    );
    await append(record.db, entryOf(4), entryOf(5));
    const memory = {};
    const head = await eventually(async () => {
      const grown = await sequenceEntries(record.db, memory);
      return grown?.epoch === 2 && grown.size === 2 && grown;
    });
    await publishCheckpoint(record.db, head, checkpointOf(head));
    await live.count(size + 3);
    expect(live.events.slice(-3).map((e) => [e.id, e.data['object']])).toEqual([
      [`1-${size}`, 'test/3'],
      ['2-0', 'test/4'],
      ['2-1', 'test/5'],
    ]);
    const behind = await stream(api, '/v1/events/stream', `1-${size - 1}`);
    expect((await behind.count(3)).map((e) => e.id)).toEqual([`1-${size}`, '2-0', '2-1']);
    const lost = await stream(api, '/v1/events/stream', '1-99999');
    expect((await lost.count(2)).map((e) => e.id)).toEqual(['2-0', '2-1']);
    expect((await stream(api, '/v1/events/stream', '2-2')).status).toBe(400);
    expect((await stream(api, '/v1/events/stream', '3-0')).status).toBe(400);
  });

  it('says nothing while the record is lost, and resumes where it was', async () => {
    sequencers();
    const url = new URL(record.url);
    const cable = await tcpProxy(Number(url.port));
    opened.push(cable.close);
    url.port = String(cable.port);
    const api = await start({ databaseUrl: url.toString() });
    await append(record.db, entryOf(1));
    await allPublished(record.db);
    const live = await stream(api, '/v1/events/stream');
    await append(record.db, entryOf(2));
    await live.count(1);
    cable.cut();
    await append(record.db, entryOf(3), entryOf(4));
    await allPublished(record.db);
    const refused = await stream(api, '/v1/events/stream', live.lastEventId);
    expect(refused.status).toBe(503);
    expect([live.events.length, live.over]).toEqual([1, undefined]);
    cable.restore();
    await live.count(3);
    await append(record.db, entryOf(5));
    await live.count(4);
    expect(live.events.map((e) => e.data['object'])).toEqual(['test/2', 'test/3', 'test/4', 'test/5']);
  });

  it('ends its streams when it stops', async () => {
    sequencers();
    const api = await start();
    const sources = await Promise.all([1, 2, 3].map(() => stream(api, '/v1/events/stream')));
    await api.close();
    await eventually(async () => sources.every((source) => source.over === 'end'));
  });
});

describe('a client that reads too slowly', () => {
  it('is told what it missed, which the list of entries has, and goes on with what is new', async () => {
    sequencers();
    const api = await start({ streamLimits: { bufferBytes: 10_000 } });
    await append(record.db, entryOf(0));
    await allPublished(record.db);
    const slow = await stream(api, '/v1/events/stream?after=start');
    const quick = await stream(api, '/v1/events/stream?after=start');
    const first = (await slow.count(1)).length;
    slow.pause();
    // More than the kernel's buffers of both ends hold.
    const detail = { filler: 'x'.repeat(7000) };
    for (let round = 0; round < 60; round++)
      await append(record.db, ...Array.from({ length: 50 }, (_, i) => entryOf(round * 50 + i, { detail })));
    const size = await allPublished(record.db);
    await quick.count(size);
    expect(quick.events.filter((e) => e.event === 'gap')).toEqual([]);
    slow.resume();
    const gap = await eventually(async () => slow.events.find((e) => e.event === 'gap'));
    await append(record.db, entryOf(9999));
    await eventually(async () => slow.events.at(-1)?.data['object'] === 'test/9999');
    expect(first).toBeGreaterThan(0);

    const covered = slow.events.flatMap((e) => {
      if (e.event !== 'gap') return [e.id];
      const { epoch, from, to } = e.data as { epoch: number; from: number; to: number };
      return Array.from({ length: to - from + 1 }, (_, i) => `${epoch}-${from + i}`);
    });
    expect(covered).toEqual(Array.from({ length: size + 1 }, (_, i) => `1-${i}`));
    const { from, to } = gap.data as { from: number; to: number };
    expect(gap.id).toBe(`1-${to}`);
    const listed = (await (await api.get(`/v1/ledger/entries?from=${from}&limit=1`)).json()) as { id: string }[];
    expect(listed[0]?.id).toBe(`1-${from}`);
  });
});

const emptyRoot = () => Buffer.from('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', 'hex');
const checkpointOf = ({ size, root }: { size: number; root: Buffer }) =>
  formatCheckpoint({ origin: 'o', size, root, extensions: [] });
