// An anchor binds a checkpoint to a counter that only grows: one that is above what we intended was moved by a record we no longer have.

/** What the record holds of the newest anchor of the epoch. */
export interface LastAnchor {
  size: number;
  intended_at: string;
  completed_at: string | null;
}

export interface AnchorPace {
  /** Leaves of the newest signed checkpoint. */
  signed_size: number;
  last: LastAnchor | null;
  now: string;
  interval_ms: number;
}

/** Entries that the anchor itself wrote: that it was intended, and that it was completed. They are no growth. */
const ownEntries = (last: LastAnchor): number => (last.completed_at === null ? 1 : 2);

/** Whether the log holds more than the newest anchor covers. */
export const hasGrown = ({ signed_size, last }: Pick<AnchorPace, 'signed_size' | 'last'>): boolean =>
  last === null ? signed_size > 0 : signed_size > last.size + ownEntries(last);

/** Whether an anchor is due: the log has grown, and the last one is `interval_ms` ago or the process is about to end. */
export function anchorDue(pace: AnchorPace, closing: boolean): boolean {
  const { last, now, interval_ms } = pace;
  if (!hasGrown(pace)) return false;
  return closing || last === null || Date.parse(now) - Date.parse(last.intended_at) >= interval_ms;
}

/** Two anchors in a row did not come, and a minute for the slow. */
export function anchorOverdue(pace: AnchorPace): boolean {
  const { last, now, interval_ms } = pace;
  return last !== null && hasGrown(pace) && Date.parse(now) - Date.parse(last.intended_at) > 2 * interval_ms + 60_000;
}

/** What makes a rollback of the record suspected. Counters are decimal: a UINT64 does not fit a JSON number. */
export type Suspicion =
  | { cause: 'counter_ahead'; anchored_by: string; counter: string; highest_intended: string }
  | { cause: 'checkpoint_ahead'; origin: string; checkpoint_size: number; size: number }
  | { cause: 'checkpoint_differs'; origin: string; checkpoint_size: number; checkpoint_root: string; root: string }
  | { cause: 'epoch_unknown'; origin: string; checkpoint_size: number };

const UINT63 = 2n ** 63n;

/** A counter as an attester says it: decimal digits, no more than the record can hold. */
export const isCounter = (value: unknown): value is string =>
  typeof value === 'string' && /^(?:0|[1-9][0-9]{0,18})$/.test(value) && BigInt(value) < UINT63;

/**
 * Whether the counter is above the highest that was intended. Between intention and completion it may be either value;
 * a TPM that this record never used says nothing about it.
 */
export const counterIsAhead = (counter: string, highest_intended: string | null): boolean =>
  highest_intended !== null && BigInt(counter) > BigInt(highest_intended);

export const successor = (counter: string): string => (BigInt(counter) + 1n).toString();

const FOLDER = 'checkpoints/';

/** The instance whose log this is: the origin without its epoch. */
export const instanceOf = (origin: string): string => origin.slice(0, origin.lastIndexOf('/'));

/** Where copies of an instance's checkpoints are. */
export const checkpointFolder = (instance: string): string => `${FOLDER}${instance}/`;

/** Where the copy of a checkpoint is, `checkpoints/<instance>/<epoch>/<size>`. */
export const checkpointKey = (origin: string, size: number): string => `${FOLDER}${origin}/${size}`;

/** Epoch and size that such a key names; null for another key. */
export function readCheckpointKey(instance: string, key: string): { epoch: number; size: number } | null {
  const folder = checkpointFolder(instance);
  const named = key.startsWith(folder)
    ? /^([1-9][0-9]{0,8})\/(0|[1-9][0-9]{0,15})$/.exec(key.slice(folder.length))
    : null;
  if (named === null || !Number.isSafeInteger(Number(named[2]))) return null;
  return { epoch: Number(named[1]), size: Number(named[2]) };
}
