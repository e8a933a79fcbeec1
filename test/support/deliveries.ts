import { createHash, randomBytes } from 'node:crypto';
import { complete, DELIVERY_LIMITS, discard, send } from '../../activities/exports/deliver.ts';
import type { DeliveryLimits, SendingDeps } from '../../activities/exports/deliver.ts';
import type { ReadAirlock, Sent } from '../../activities/exports/types.ts';
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
  read: () => AsyncIterable<Uint8Array>;
  handle: string | null = null;
  /** What was said of its progress. */
  said: number[] = [];
  limits: DeliveryLimits = DELIVERY_LIMITS;

  constructor(destination: ExportDestination, size: number) {
    this.destination = destination;
    this.bytes = randomBytes(size);
    this.read = () => inPieces(this.bytes);
  }

  send(over: Partial<SendingDeps> = {}): Promise<Sent> {
    const { airlock, limits, bytes } = this;
    return send(this, {
      archive: { bytes: bytes.length, read: () => this.read() },
      airlock,
      keepHandle: async (handle) => void (this.handle = handle),
      progress: (sent) => this.said.push(sent),
      signal: new AbortController().signal,
      limits,
      ...over,
    });
  }

  complete(sha256 = sha256Hex(this.bytes)): Promise<'stored' | 'present'> {
    const whole = { bytes: this.bytes.length, sha256, retain_until: null };
    return complete({ ...this.#sent(), destination: this.destination }, whole, this);
  }

  discard(): Promise<void> {
    return discard({ ...this.#sent(), destination: this.destination });
  }

  /** Everything, up to the name. */
  async whole(): Promise<'stored' | 'present'> {
    const { sha256 } = await this.send();
    return this.complete(sha256);
  }

  #sent() {
    return { key: this.key, handle: this.handle ?? '' };
  }
}
