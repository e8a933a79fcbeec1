import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import type { ExportDestination } from '../../storage/export-destination.ts';
import { partsOf } from './parts.ts';
import type { Part } from './parts.ts';
import { DeliveryError } from './types.ts';
import type { DeliveryErrorCode, ReadAirlock, Stretch } from './types.ts';
import { within } from './within.ts';

/** Times in milliseconds. */
export interface DeliveryLimits {
  /** Reading the airlock and deciding by it: what was not said by then is no permission. */
  airlock: number;
  /** A stretch sends for so long; what it is then about, the airlock or one part, it ends. */
  stretch: number;
  /** The destination takes one part, or says what it has. */
  part: number;
  /** Giving the archive its name, so that a hold placed meanwhile is seen soon. */
  commit: number;
  /** An archive that nobody goes on with is not kept open. */
  idle: number;
}

export const DELIVERY_LIMITS: DeliveryLimits = {
  airlock: 2_000,
  stretch: 20_000,
  part: 30_000,
  commit: 5_000,
  idle: 60_000,
};

/** Each holds one part in memory. */
const OPEN_AT_ONCE = 8;

export interface Consignment {
  destination: ExportDestination;
  key: string;
  /** What the record has of it; null before the first stretch. */
  handle: string | null;
  airlock: ReadAirlock;
}

export interface Cargo {
  /** How long the archive is. */
  bytes: number;
  /** All of it, from its first byte; the same at each call. Errors: RegistryError. */
  read: () => AsyncIterable<Uint8Array>;
}

/** An archive that is being read: up to where, and the digest of that. */
interface Reading {
  parts: AsyncGenerator<Part>;
  /** Asked for when the last stretch was over, and not yet there. */
  next: Promise<IteratorResult<Part>> | undefined;
  digest: Hash;
  end: number;
}

/**
 * Archives on their way, part by part. The airlock is asked before each part and before the name is given. Between two
 * stretches an archive stays open, so that none of it is read twice; where that is lost, in a new process, it is read again
 * from its start, for its digest, and what the destination has is not sent again.
 */
export class Deliveries {
  readonly #limits: DeliveryLimits;
  readonly #readings = new Map<string, { reading: Reading; timer: NodeJS.Timeout }>();

  constructor(limits: Partial<DeliveryLimits> = {}) {
    this.#limits = { ...DELIVERY_LIMITS, ...limits };
  }

  /**
   * Sends for a while. The first stretch only opens, so that its handle is on record before anything is sent.
   * Errors: DeliveryError, RegistryError.
   */
  async stretch({ destination, key, handle: known, airlock }: Consignment, cargo: Cargo): Promise<Stretch> {
    const over = performance.now() + this.#limits.stretch;
    await this.#requireOpen(airlock);
    const { handle, received } = await this.#asked('part', () => destination.open(key, known));
    if (handle !== known) return { kind: 'more', handle, received };
    const reading = this.#take(handle, received) ?? begin(cargo);
    let sent = received;
    try {
      for (;;) {
        const part = await nextUntil(reading, over);
        if (part === undefined) {
          this.#keep(handle, reading);
          return { kind: 'more', handle, received: sent };
        }
        if (part.done === true) break;
        const { start, bytes } = part.value;
        reading.digest.update(bytes);
        reading.end = start + bytes.length;
        if (reading.end <= sent) continue;
        await this.#requireOpen(airlock);
        await this.#asked('part', () => destination.part(key, handle, start, bytes));
        sent = reading.end;
      }
    } catch (error) {
      end(reading);
      throw error;
    }
    if (sent !== cargo.bytes || reading.end !== sent) throw new DeliveryError('archive_changed');
    return { kind: 'sent', handle, received: sent, sha256: reading.digest.digest('hex') };
  }

  /** Gives the archive its name, if the airlock is open. `present`: an earlier attempt had. Errors: DeliveryError. */
  async complete(
    { destination, key, handle, airlock }: Consignment & { handle: string },
    whole: { bytes: number; sha256: string; retain_until: string | null },
  ): Promise<'stored' | 'present'> {
    await this.#requireOpen(airlock);
    return this.#asked('commit', (late) => destination.complete(key, handle, whole, late));
  }

  /** Forgets what was sent and has no name. Errors: DeliveryError. */
  async discard({ destination, key, handle }: Omit<Consignment, 'airlock'> & { handle: string }): Promise<void> {
    const reading = this.#take(handle);
    if (reading !== undefined) end(reading);
    await this.#asked('part', () => destination.abort(key, handle));
  }

  /** Lets go of every archive that is open. */
  close(): void {
    for (const handle of [...this.#readings.keys()]) this.#drop(handle);
  }

  async #requireOpen(airlock: ReadAirlock): Promise<void> {
    const said = await within(this.#limits.airlock, airlock).catch((error: unknown) => error);
    if (said !== 'open') throw new DeliveryError('airlock_closed', said);
  }

  async #asked<T>(limit: 'part' | 'commit', work: (late: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return await within(this.#limits[limit], work);
    } catch (error) {
      throw deliveryError(error);
    }
  }

  /** The reading of this delivery; of one that is elsewhere than its destination nothing is known. */
  #take(handle: string, at?: number): Reading | undefined {
    const kept = this.#readings.get(handle);
    if (kept === undefined) return undefined;
    if (at !== undefined && kept.reading.end > at) {
      this.#drop(handle);
      return undefined;
    }
    clearTimeout(kept.timer);
    this.#readings.delete(handle);
    return kept.reading;
  }

  #keep(handle: string, reading: Reading): void {
    this.#drop(handle);
    const [oldest] = this.#readings.keys();
    if (this.#readings.size >= OPEN_AT_ONCE && oldest !== undefined) this.#drop(oldest);
    const timer = setTimeout(() => this.#drop(handle), this.#limits.idle).unref();
    this.#readings.set(handle, { reading, timer });
  }

  #drop(handle: string): void {
    const reading = this.#take(handle);
    if (reading !== undefined) end(reading);
  }
}

const begin = ({ read }: Cargo): Reading => ({
  parts: partsOf(read()),
  next: undefined,
  digest: createHash('sha256'),
  end: 0,
});

/** Nobody waits for it: a source that hangs is let go when its own time is over. */
function end({ parts }: Reading): void {
  parts.return(undefined).catch(() => undefined);
}

/** The next part; undefined when the time is over before it is there. */
async function nextUntil(reading: Reading, over: number): Promise<IteratorResult<Part> | undefined> {
  reading.next ??= reading.parts.next();
  reading.next.catch(() => undefined);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), Math.max(0, over - performance.now()));
  });
  try {
    const part = await Promise.race([reading.next, late]);
    if (part !== undefined) reading.next = undefined;
    return part;
  } finally {
    clearTimeout(timer);
  }
}

const CODES: readonly DeliveryErrorCode[] = ['blob_store_denied', 'blob_conflict', 'blob_mismatch', 'key_invalid'];

/** A destination that does not answer in time cannot be reached. */
function deliveryError(error: unknown): DeliveryError {
  const { code } = (error ?? {}) as { code?: unknown };
  return new DeliveryError(CODES.find((known) => known === code) ?? 'blob_store_unreachable', error);
}
