import { createHash, randomBytes } from 'node:crypto';
import { Deliveries } from '../../activities/exports/deliver.ts';
import type { DeliveryLimits } from '../../activities/exports/deliver.ts';
import type { ReadAirlock, Stretch } from '../../activities/exports/types.ts';
import type { ExportDestination } from '../../storage/export-destination.ts';

/** A destination in memory that keeps what it was asked, in order. */
export interface MemoryDestination extends ExportDestination {
  asked: string[];
  /** What has a name. */
  objects: Map<string, Uint8Array>;
  /** What has none yet, by handle. */
  drafts: Map<string, Uint8Array>;
  /** Called before each step; may throw, or never come back. */
  before: (step: string) => Promise<void> | void;
}

export function memoryDestination(): MemoryDestination {
  const said = async (step: string) => {
    destination.asked.push(step);
    await destination.before(step);
  };
  let opened = 0;
  const draftOf = (handle: string) => destination.drafts.get(handle) ?? new Uint8Array();
  const destination: MemoryDestination = {
    asked: [],
    objects: new Map(),
    drafts: new Map(),
    before: () => undefined,
    open: async (_key, handle) => {
      await said('open');
      const known = handle !== null && destination.drafts.has(handle) ? handle : `h${(opened += 1)}`;
      destination.drafts.set(known, draftOf(known));
      return { handle: known, received: draftOf(known).length };
    },
    part: async (_key, handle, start, bytes) => {
      await said(`part ${start}`);
      destination.drafts.set(handle, Buffer.concat([draftOf(handle).subarray(0, start), bytes]));
    },
    complete: async (key, handle, whole) => {
      await said('complete');
      const bytes = draftOf(handle);
      if (sha256Hex(bytes) !== whole.sha256 || bytes.length !== whole.bytes) throw new Error('not what was announced');
      const present = destination.objects.has(key);
      destination.objects.set(key, bytes);
      destination.drafts.delete(handle);
      return present ? 'present' : 'stored';
    },
    abort: async (_key, handle) => void destination.drafts.delete(handle),
  };
  return destination;
}

export const sha256Hex = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** The bytes as a stream of pieces of some length. */
export async function* inPieces(bytes: Uint8Array, length = 65_536): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

/** A delivery of some bytes, with the part of its record that it goes on by. */
export class DeliveryUnderTest {
  readonly key = 'default/exp-1.tar';
  readonly bytes: Uint8Array;
  readonly destination: ExportDestination;
  airlock: ReadAirlock = async () => 'open';
  /** How often the archive was begun to be read. */
  readings = 0;
  read: () => AsyncIterable<Uint8Array>;
  handle: string | null = null;
  #deliveries: Deliveries;
  #limits: Partial<DeliveryLimits>;

  constructor(destination: ExportDestination, size: number, limits: Partial<DeliveryLimits> = {}) {
    this.destination = destination;
    this.bytes = randomBytes(size);
    this.read = () => inPieces(this.bytes);
    this.#limits = limits;
    this.#deliveries = new Deliveries(limits);
  }

  get consigned() {
    const { destination, key, handle, airlock } = this;
    return { destination, key, handle, airlock };
  }

  async stretch(bytes = this.bytes.length): Promise<Stretch> {
    const read = () => {
      this.readings += 1;
      return this.read();
    };
    const stretch = await this.#deliveries.stretch(this.consigned, { bytes, read });
    this.handle = stretch.handle;
    return stretch;
  }

  /** Stretch after stretch until all is sent. */
  async send(): Promise<Extract<Stretch, { kind: 'sent' }>> {
    for (;;) {
      const stretch = await this.stretch();
      if (stretch.kind === 'sent') return stretch;
    }
  }

  complete(sha256 = sha256Hex(this.bytes)): Promise<'stored' | 'present'> {
    const whole = { bytes: this.bytes.length, sha256, retain_until: null };
    return this.#deliveries.complete({ ...this.consigned, handle: this.handle ?? '' }, whole);
  }

  discard(): Promise<void> {
    return this.#deliveries.discard({ ...this.consigned, handle: this.handle ?? '' });
  }

  /** Another process goes on, by the record alone. */
  restart(limits = this.#limits): void {
    this.#deliveries = new Deliveries(limits);
  }
}
