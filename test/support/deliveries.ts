import { createHash, randomBytes } from 'node:crypto';
import { deliver } from '../../activities/exports/deliver.ts';
import type { Delivery, DeliveryDeps } from '../../activities/exports/deliver.ts';
import type { Delivered } from '../../activities/exports/types.ts';
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
  const draftOf = (handle: string) => destination.drafts.get(handle) ?? new Uint8Array();
  const destination: MemoryDestination = {
    asked: [],
    objects: new Map(),
    drafts: new Map(),
    before: () => undefined,
    open: async (_key, handle) => {
      await said('open');
      const known = handle !== null && destination.drafts.has(handle) ? handle : `h${destination.drafts.size + 1}`;
      destination.drafts.set(known, draftOf(known));
      return { handle: known, received: draftOf(known).length };
    },
    part: async (_key, handle, start, bytes) => {
      await said(`part ${start}`);
      const whole = Buffer.concat([draftOf(handle).subarray(0, start), bytes]);
      destination.drafts.set(handle, whole);
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

/** A delivery of some bytes; the handle is kept, so that it may be run again. */
export interface DeliveryUnderTest {
  bytes: Uint8Array;
  destination: ExportDestination;
  kept: { handle: string | null };
  run: (deps?: Partial<DeliveryDeps>, delivery?: Partial<Delivery>) => Promise<Delivered>;
}

export function deliveryOf(destination: ExportDestination, size: number, key = 'default/exp-1.tar'): DeliveryUnderTest {
  const bytes = randomBytes(size);
  const kept: { handle: string | null } = { handle: null };
  return {
    bytes,
    destination,
    kept,
    run: (deps = {}, delivery = {}) =>
      deliver(
        { key, handle: kept.handle, bytes: bytes.length, retain_until: null, ...delivery },
        {
          destination,
          archive: () => inPieces(bytes),
          airlock: async () => 'open',
          keepHandle: async (handle) => void (kept.handle = handle),
          heartbeat: () => undefined,
          signal: new AbortController().signal,
          ...deps,
        },
      ),
  };
}
