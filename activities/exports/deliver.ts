import { createHash } from 'node:crypto';
import { PART_BYTES } from '../../domain/export/part.ts';
import type { ExportDestination } from '../../storage/export-destination.ts';
import { DeliveryError } from './types.ts';
import type { Delivered, DeliveryErrorCode, DeliveryProgress, ReadAirlock } from './types.ts';
import { within } from './within.ts';

/** Reading the airlock and deciding by it takes no longer: what was not said by then is no permission. */
export const AIRLOCK_WITHIN_MS = 2_000;
/** Giving the archive its name takes no longer, so that a hold placed meanwhile is seen soon. */
export const COMMIT_WITHIN_MS = 5_000;
/** One part is received, or its destination does not answer. */
export const PART_WITHIN_MS = 60_000;

export interface Delivery {
  key: string;
  /** What an earlier attempt kept by `keepHandle`. */
  handle: string | null;
  /** Bytes of the archive. */
  bytes: number;
  /** RFC 3339; null without retention. */
  retain_until: string | null;
}

export interface DeliveryDeps {
  destination: ExportDestination;
  /** The archive from its first byte on. Errors: RegistryError. */
  archive: () => AsyncIterable<Uint8Array>;
  airlock: ReadAirlock;
  /** Puts the handle on record, before the first part and never after it: else a killed delivery could not be found again. */
  keepHandle: (handle: string) => Promise<void>;
  heartbeat: (progress: DeliveryProgress) => void;
  /** Ends it between two parts; the archive stays without its name. */
  signal: AbortSignal;
  within?: { airlockMs?: number; commitMs?: number; partMs?: number };
}

/**
 * Sends an archive part by part, holding one part at a time, and asks the airlock before each and before its name is given.
 * An earlier attempt is gone on with: what its destination has is read again, for the digest, and not sent again.
 * Errors: DeliveryError, RegistryError, what `keepHandle` rejects with, the signal's reason.
 */
export async function deliver(delivery: Delivery, deps: DeliveryDeps): Promise<Delivered> {
  const { key, bytes, retain_until } = delivery;
  const { destination, airlock, signal, heartbeat, within: limits = {} } = deps;
  const { airlockMs = AIRLOCK_WITHIN_MS, commitMs = COMMIT_WITHIN_MS, partMs = PART_WITHIN_MS } = limits;
  const isOpen = async () => (await within(airlockMs, airlock).catch(() => 'unknown')) === 'open' && !signal.aborted;
  const stored = <T>(ms: number, work: (late: AbortSignal) => Promise<T>): Promise<T> =>
    within(ms, work).catch((error: unknown) => {
      throw deliveryError(error);
    });
  const blocked = (sent: number): Delivered => {
    signal.throwIfAborted();
    return { state: 'blocked', reason: 'airlock_closed', sent };
  };

  if (!(await isOpen())) return blocked(0);
  const { handle, received } = await stored(partMs, () => destination.open(key, delivery.handle));
  if (handle !== delivery.handle) await deps.keepHandle(handle);
  let sent = received;
  const digest = createHash('sha256');
  const alive = (read: number) => heartbeat({ read, sent });
  for await (const part of partsOf(deps.archive(), alive)) {
    digest.update(part.bytes);
    const end = part.start + part.bytes.length;
    if (end > sent) {
      // What the destination has of it ends with a whole part: this one is sent from its start.
      if (!(await isOpen())) return blocked(sent);
      await stored(partMs, () => destination.part(key, handle, part.start, part.bytes));
      sent = end;
    }
    signal.throwIfAborted();
    alive(end);
  }
  if (sent !== bytes) throw new DeliveryError('archive_changed');
  const sha256 = digest.digest('hex');
  if (!(await isOpen())) return blocked(sent);
  const whole = { bytes, sha256, retain_until };
  const kept = await stored(commitMs, (late) => destination.complete(key, handle, whole, late));
  const after = await within(airlockMs, airlock).catch(() => 'unknown');
  return { state: 'exported', bytes, sha256, kept, closed_during_commit: after !== 'open' };
}

interface Part {
  start: number;
  bytes: Uint8Array;
}

/** Cuts a stream into parts. One buffer serves them all: a part is gone when the next one is asked for. */
async function* partsOf(stream: AsyncIterable<Uint8Array>, alive: (read: number) => void): AsyncGenerator<Part> {
  const buffer = new Uint8Array(PART_BYTES);
  let start = 0;
  let filled = 0;
  for await (const chunk of stream) {
    for (let at = 0; at < chunk.length;) {
      const taken = chunk.subarray(at, at + PART_BYTES - filled);
      buffer.set(taken, filled);
      filled += taken.length;
      at += taken.length;
      if (filled < PART_BYTES) continue;
      yield { start, bytes: buffer };
      start += filled;
      filled = 0;
    }
    alive(start + filled);
  }
  if (filled > 0) yield { start, bytes: buffer.subarray(0, filled) };
}

const CODES: readonly DeliveryErrorCode[] = ['blob_store_denied', 'blob_conflict', 'key_invalid'];

/** What a destination that does not answer in time says is that it cannot be reached. */
function deliveryError(error: unknown): DeliveryError {
  const { code } = (error ?? {}) as { code?: unknown };
  return new DeliveryError(CODES.find((known) => known === code) ?? 'blob_store_unreachable', error);
}
