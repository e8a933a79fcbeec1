import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventFeed } from '../../../api/streams/event-feed.ts';
import type { EventFilter } from '../../../api/streams/event-feed.ts';
import { replay } from '../../../api/streams/replay.ts';
import { StreamClient } from '../../../api/streams/stream-client.ts';
import type { LogEvent } from '../../../db/read/events.ts';
import type { Segment } from '../../../domain/ledger/position.ts';
import { isBefore, segmentsBetween } from '../../../domain/ledger/position.ts';

/** What stands of a response in the way of a stream; `waiting` is what its client has not read. */
class FakeResponse extends EventEmitter {
  text = '';
  writableLength = 0;
  writableEnded = false;
  destroyed = false;
  get writableNeedDrain(): boolean {
    return this.writableLength > 0;
  }
  write(bytes: Buffer | string): boolean {
    this.text += bytes.toString();
    return this.writableLength === 0;
  }
  end(): void {
    this.writableEnded = true;
  }
  stall(): void {
    this.writableLength = 1_000_000;
  }
  drain(): void {
    this.writableLength = 0;
    this.emit('drain');
  }
}

const WORKSPACES = ['default', 'system', 'lab'];
const TOPICS = ['run/1', 'run/2'];

const filters = fc.record({
  workspaces: fc.constantFrom(['default', 'system'], ['lab']),
  topic: fc.option(fc.constantFrom(...TOPICS), { nil: undefined }),
});
const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('grow' as const), by: fc.constantFrom(1, 2, 3, 7, 620) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('join' as const), filter: filters, back: fc.nat(900) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('epoch' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('stall' as const), which: fc.nat(5) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('drain' as const), which: fc.nat(5) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('fail' as const) }) },
  ),
  { maxLength: 25 },
);

/** Entries of the log in memory: workspace, object and mention follow from the index. */
const eventOf = (epoch: number, index: number): LogEvent & { mention: string | undefined } => ({
  index,
  workspace_id: WORKSPACES[(index + epoch) % 3] as string,
  action: 'tested',
  object: index % 4 === 0 ? 'run/1' : 'test/x',
  leaf: `{"n":${index}}`,
  mention: index % 5 === 0 ? 'run/2' : undefined,
});

describe('the feed', () => {
  it('S1-137 sends everybody what is theirs once and in order, or says that it is missing, however reads and growth interleave', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), steps, async (s, list) => {
        const epochs = [{ epoch: 1, size: 0 }];
        const failing = { next: false };
        const read = <T>(value: () => T) =>
          s.schedule(Promise.resolve()).then(() => {
            if (!failing.next) return value();
            failing.next = false;
            throw new Error('lost');
          });
        const inRange = ({ epoch, from, below }: Segment) =>
          Array.from({ length: below - from }, (_, i) => eventOf(epoch, from + i));
        const concerns = (e: ReturnType<typeof eventOf>, { workspaces, topic }: EventFilter) =>
          workspaces.includes(e.workspace_id) && (topic === undefined || e.object === topic || e.mention === topic);
        const feed = new EventFeed({
          epochs: () => read(() => epochs.map((e) => ({ ...e }))),
          events: ({ segment, limit, workspaces }) =>
            read(() =>
              inRange(segment)
                .filter((e) => workspaces.includes(e.workspace_id))
                .slice(0, limit),
            ),
          mentions: ({ segment, topics, workspaces }) =>
            read(() =>
              inRange(segment).flatMap((e) =>
                e.mention !== undefined && topics.includes(e.mention) && workspaces.includes(e.workspace_id)
                  ? [{ index: e.index, topic: e.mention }]
                  : [],
              ),
            ),
        });
        const clients: { res: FakeResponse; filter: EventFilter; place: { epoch: number; index: number } }[] = [];
        const refresh = (): void => void feed.refresh().catch(refresh);
        const join = (filter: EventFilter, back: number) => {
          const res = new FakeResponse();
          const position = () => feed.position;
          const client = new StreamClient({
            res: res as unknown as ServerResponse,
            filter,
            bufferBytes: 100,
            position,
          });
          const { epoch, index } = feed.position;
          const place = { epoch, index: Math.max(0, index - back) };
          clients.push({ res, filter, place });
          feed.add(client);
          const reads = ({ segment, limit }: { segment: Segment; limit: number }) =>
            read(() =>
              inRange(segment)
                .filter((e) => concerns(e, filter))
                .slice(0, limit),
            );
          const pause = () => s.schedule(Promise.resolve());
          void replay(client, { feed, read: reads, lost: () => undefined, pause }, place);
        };
        s.scheduleSequence(
          list.map((step) => async () => {
            const last = epochs.at(-1) as { epoch: number; size: number };
            if (step.do === 'grow') last.size += step.by;
            else if (step.do === 'epoch') epochs.push({ epoch: last.epoch + 1, size: 0 });
            else if (step.do === 'join') join(step.filter, step.back);
            else if (step.do === 'stall') clients[step.which]?.res.stall();
            else if (step.do === 'drain') clients[step.which]?.res.drain();
            else failing.next = true;
            if (step.do === 'grow' || step.do === 'epoch') refresh();
          }),
        );
        await s.waitIdle();
        for (let round = 0; round < 2; round++) {
          for (const { res } of clients) res.drain();
          refresh();
          await s.waitIdle();
        }

        const end = feed.position;
        for (const { res, filter, place } of clients) {
          if (res.writableEnded) continue;
          const expected = segmentsBetween(place, end, epochs).flatMap((segment) =>
            inRange(segment)
              .filter((e) => concerns(e, filter))
              .map((e) => `${segment.epoch}-${e.index}`),
          );
          expect(covered(res.text, filter, concerns)).toEqual(expected);
        }
        expect(isBefore(end, { epoch: epochs.at(-1)?.epoch ?? 0, index: epochs.at(-1)?.size ?? 0 })).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});

/** The ids of the entries that were sent or named in a gap. */
function covered(
  text: string,
  filter: EventFilter,
  concerns: (e: ReturnType<typeof eventOf>, filter: EventFilter) => boolean,
): string[] {
  return text.split('\n\n').flatMap((block) => {
    const [, id] = /^id: (.*)$/m.exec(block) ?? [];
    if (id === undefined) return [];
    if (!block.includes('event: gap')) return [id];
    const { epoch, from, to } = JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? '') as Record<string, number>;
    return Array.from({ length: to! - from! + 1 }, (_, i) => eventOf(epoch!, from! + i))
      .filter((e) => concerns(e, filter))
      .map((e) => `${epoch}-${e.index}`);
  });
}
