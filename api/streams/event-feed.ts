import { grownEvents, grownMentions, publishedEpochs } from '../../db/read/events.ts';
import type { LogEvent } from '../../db/read/events.ts';
import type { Queryable } from '../../db/client.ts';
import { endOf, isBefore, LOG_START, segmentsBetween } from '../../domain/ledger/position.ts';
import type { EpochSize, LogPosition, Segment } from '../../domain/ledger/position.ts';
import { entryFrame } from './frames.ts';

/** What a stream is of: the entries of these workspaces, all of them or those about one topic. */
export interface EventFilter {
  workspaces: readonly string[];
  topic?: string | undefined;
}

/** Somebody whom the feed hands what has grown. Only who is `live` is handed anything. */
export interface Listener {
  readonly filter: EventFilter;
  readonly live: boolean;
  /** Frames of entries from `first` on; the same bytes for all whose filter is the same. */
  deliver: (frames: Buffer, first: LogPosition) => void;
}

/** The log as the feed reads it; every read is of what a signed checkpoint covers. */
export interface FeedReads {
  epochs: () => Promise<EpochSize[]>;
  events: (of: { workspaces: readonly string[]; segment: Segment; limit: number }) => Promise<LogEvent[]>;
  mentions: (of: {
    workspaces: readonly string[];
    topics: readonly string[];
    segment: Segment;
  }) => Promise<{ index: number; topic: string }[]>;
}

export const feedReads = (db: Queryable): FeedReads => ({
  epochs: () => publishedEpochs(db),
  events: (of) => grownEvents(db, of),
  mentions: (of) => grownMentions(db, of),
});

/** Entries of one read: at 8 KiB each it stays a few megabytes. */
export const CHUNK = 500;

/** The index behind what a read of at most `CHUNK` entries covers of its segment. */
export const endOfChunk = (events: readonly LogEvent[], { below }: Segment): number =>
  events.length < CHUNK ? below : (events.at(-1)?.index ?? below - 1) + 1;

/**
 * Reads each growth of the log once and hands it to everybody who is live. A listener is added before it is live, and
 * becomes so at `position`: what was handed out before is its own to read.
 */
export class EventFeed {
  readonly #reads: FeedReads;
  readonly #listeners = new Set<Listener>();
  #epochs: EpochSize[] = [];
  #position: LogPosition = LOG_START;
  #running: Promise<void> = Promise.resolve();
  #queued: Promise<void> | undefined;

  constructor(reads: FeedReads) {
    this.#reads = reads;
  }

  /** Everything before it was handed out. */
  get position(): LogPosition {
    return this.#position;
  }

  /** What is published from a place up to `position`. */
  segmentsFrom(place: LogPosition): Segment[] {
    return segmentsBetween(place, this.#position, this.#epochs);
  }

  add(listener: Listener): void {
    this.#listeners.add(listener);
  }

  remove(listener: Listener): void {
    this.#listeners.delete(listener);
  }

  get idle(): boolean {
    return this.#listeners.size === 0;
  }

  /** Reads what has grown; resolves when a round that began after the call has ended. Rejects when the record cannot be read. */
  refresh(): Promise<void> {
    this.#queued ??= this.#running.then(() => {
      this.#queued = undefined;
      const round = this.#round();
      this.#running = round.catch(() => undefined);
      return round;
    });
    return this.#queued;
  }

  async #round(): Promise<void> {
    const epochs = await this.#reads.epochs();
    const end = endOf(epochs);
    // A record that was taken back to an earlier state has nothing to say until it has grown beyond what was said.
    if (!isBefore(this.#position, end)) return;
    this.#epochs = epochs;
    for (const segment of segmentsBetween(this.#position, end, epochs)) await this.#handOutAll(segment);
    this.#position = end;
  }

  async #handOutAll(segment: Segment): Promise<void> {
    for (let { from } = segment; from < segment.below;) {
      // With nobody to hand it to it is passed over: whoever comes later reads it for themselves.
      const anyone = [...this.#listeners].some((l) => l.live);
      if (anyone) await this.#handOut({ ...segment, from });
      else this.#position = { epoch: segment.epoch, index: segment.below };
      from = this.#position.index;
    }
  }

  /** Hands out the beginning of a segment. The place moves in the same turn: nobody may go live between the two. */
  async #handOut(segment: Segment): Promise<void> {
    const filters = [...this.#listeners].map((l) => l.filter);
    const workspaces = [...new Set(filters.flatMap((f) => f.workspaces))];
    const topics = [...new Set(filters.flatMap((f) => (f.topic === undefined ? [] : [f.topic])))];
    const events = await this.#reads.events({ workspaces, segment, limit: CHUNK });
    const below = endOfChunk(events, segment);
    const read = { ...segment, below };
    const mentions =
      topics.length === 0 || events.length === 0
        ? []
        : await this.#reads.mentions({ workspaces, topics, segment: read });
    const topicsOf = Map.groupBy(mentions, (m) => m.index);
    const concerns = ({ index, object }: LogEvent, topic: string) =>
      object === topic || (topicsOf.get(index)?.some((m) => m.topic === topic) ?? false);

    const frames = new Map(events.map((event) => [event, entryFrame(segment.epoch, event)]));
    const groups = Map.groupBy(
      [...this.#listeners].filter((l) => l.live),
      ({ filter }) => JSON.stringify([filter.workspaces, filter.topic]),
    );
    for (const group of groups.values()) {
      const { workspaces: seen, topic } = (group[0] as Listener).filter;
      const theirs = events.filter((e) => seen.includes(e.workspace_id) && (topic === undefined || concerns(e, topic)));
      const [first] = theirs;
      if (first === undefined) continue;
      const bytes = Buffer.from(theirs.map((event) => frames.get(event)).join(''));
      for (const listener of group) listener.deliver(bytes, { epoch: segment.epoch, index: first.index });
    }
    this.#position = { epoch: segment.epoch, index: below };
  }
}
