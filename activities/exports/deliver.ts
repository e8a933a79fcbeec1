import { createHash } from 'node:crypto';
import type { ExportDestination } from '../../storage/export-destination.ts';
import { partsOf } from './parts.ts';
import { DeliveryError } from './types.ts';
import type { DeliveryErrorCode, ReadAirlock, Sent } from './types.ts';
import { within } from './within.ts';

/** In milliseconds. */
export interface DeliveryLimits {
  /** Reading the airlock and deciding by it: what was not said by then is no permission. */
  airlock: number;
  /** The destination takes one part, or says what it has. */
  part: number;
  /** Giving the archive its name, so that a hold placed meanwhile is seen soon. */
  commit: number;
}

export const DELIVERY_LIMITS: DeliveryLimits = { airlock: 2_000, part: 60_000, commit: 5_000 };

export interface Delivery {
  destination: ExportDestination;
  key: string;
  /** What an earlier attempt kept; null before the first. */
  handle: string | null;
}

export interface SendingDeps {
  /** How long the archive is, and all of it from its first byte, the same at each call. Errors: RegistryError. */
  archive: { bytes: number; read: () => AsyncIterable<Uint8Array> };
  airlock: ReadAirlock;
  /** Puts the handle on record before the first part is sent: else a killed delivery could not be found again. */
  keepHandle: (handle: string) => Promise<void>;
  /** Bytes that the destination has. */
  progress: (sent: number) => void;
  /** Ends it between two pieces of the archive. */
  signal: AbortSignal;
  limits?: DeliveryLimits;
}

/**
 * Sends an archive part by part, one of them in memory, and asks the airlock before each. An earlier attempt is gone on with:
 * what its destination has is read again, for the digest, and not sent again. Nothing is found under the key when this is done.
 * Errors: DeliveryError, RegistryError, what `keepHandle` rejects with, the signal's reason.
 */
export async function send({ destination, key, handle: known }: Delivery, deps: SendingDeps): Promise<Sent> {
  const { archive, airlock, keepHandle, progress, signal, limits = DELIVERY_LIMITS } = deps;
  await requireOpen(airlock, limits);
  const { handle, received } = await asked(limits.part, () => destination.open(key, known));
  if (handle !== known) await keepHandle(handle);
  const digest = createHash('sha256');
  let sent = received;
  let end = 0;
  progress(sent);
  for await (const { start, bytes } of partsOf(archive.read(), signal)) {
    digest.update(bytes);
    end = start + bytes.length;
    if (end <= sent) continue;
    await requireOpen(airlock, limits);
    signal.throwIfAborted();
    await asked(limits.part, () => destination.part(key, handle, start, bytes));
    sent = end;
    progress(sent);
  }
  if (end !== archive.bytes || sent !== end) throw new DeliveryError('archive_changed');
  return { handle, bytes: sent, sha256: digest.digest('hex') };
}

/**
 * Gives what was sent its name, for which the airlock has to be open. `present`: an earlier attempt had given it.
 * Errors: DeliveryError; after `blob_store_unreachable` nobody knows whether it has its name, until this is done again.
 */
export async function complete(
  { destination, key, handle }: Delivery & { handle: string },
  whole: { bytes: number; sha256: string; retain_until: string | null },
  { airlock, limits = DELIVERY_LIMITS }: Pick<SendingDeps, 'airlock' | 'limits'>,
): Promise<'stored' | 'present'> {
  await requireOpen(airlock, limits);
  return asked(limits.commit, (late) => destination.complete(key, handle, whole, late));
}

/** Forgets what was sent and has no name. Errors: DeliveryError. */
export const discard = (
  { destination, key, handle }: Delivery & { handle: string },
  limits: DeliveryLimits = DELIVERY_LIMITS,
): Promise<void> => asked(limits.part, () => destination.abort(key, handle));

async function requireOpen(airlock: ReadAirlock, limits: DeliveryLimits): Promise<void> {
  const said = await within(limits.airlock, airlock).catch((error: unknown) => error);
  if (said !== 'open') throw new DeliveryError('airlock_closed', said);
}

async function asked<T>(ms: number, work: (late: AbortSignal) => Promise<T>): Promise<T> {
  try {
    return await within(ms, work);
  } catch (error) {
    throw deliveryError(error);
  }
}

const CODES: readonly DeliveryErrorCode[] = ['blob_store_denied', 'blob_conflict', 'blob_mismatch', 'key_invalid'];

/** A destination that does not answer in time cannot be reached. */
function deliveryError(error: unknown): DeliveryError {
  const { code } = (error ?? {}) as { code?: unknown };
  return new DeliveryError(CODES.find((known) => known === code) ?? 'blob_store_unreachable', error);
}
