// A place in the log across its epochs: entries are read by epoch, then by index, and an id names the entry before a place.

/** Between two entries: everything before it was read, `index` of `epoch` is next. */
export interface LogPosition {
  epoch: number;
  index: number;
}

/** How far an epoch is published: entries 0 to `size − 1`. */
export interface EpochSize {
  epoch: number;
  size: number;
}

/** Entries `from` to `below − 1` of one epoch. */
export interface Segment {
  epoch: number;
  from: number;
  below: number;
}

/** Before the first entry; epochs count from 1. */
export const LOG_START: LogPosition = { epoch: 0, index: 0 };

/** The id of an entry: `<epoch>-<index>`. */
export const entryId = (epoch: number, index: number): string => `${epoch}-${index}`;

const ENTRY_ID = /^([1-9]\d{0,8})-(0|[1-9]\d{0,14})$/;

/** The place behind the entry of an id, or before the first for the word `start`; undefined for anything else. */
export function placeBehind(id: string): LogPosition | undefined {
  if (id === 'start') return LOG_START;
  const [, epoch, index] = ENTRY_ID.exec(id) ?? [];
  return epoch === undefined ? undefined : { epoch: Number(epoch), index: Number(index) + 1 };
}

/** The id that leads back to a place; `placeBehind(idBefore(p))` reads on from it. */
export const idBefore = ({ epoch, index }: LogPosition): string => (index === 0 ? 'start' : entryId(epoch, index - 1));

export const isBefore = (a: LogPosition, b: LogPosition): boolean =>
  a.epoch < b.epoch || (a.epoch === b.epoch && a.index < b.index);

/** Behind the last entry; the epochs are in order. */
export function endOf(epochs: readonly EpochSize[]): LogPosition {
  const last = epochs.at(-1);
  return last === undefined ? LOG_START : { epoch: last.epoch, index: last.size };
}

/**
 * What is to be read from a place up to another, in order. A place beyond the end of an epoch that is over goes on with the
 * next: what was there is lost, and the first entry of the next epoch says so.
 */
export function segmentsBetween(from: LogPosition, to: LogPosition, epochs: readonly EpochSize[]): Segment[] {
  return epochs.flatMap(({ epoch, size }) => {
    const segment = {
      epoch,
      from: epoch === from.epoch ? from.index : 0,
      below: epoch === to.epoch ? Math.min(size, to.index) : size,
    };
    return epoch < from.epoch || epoch > to.epoch || segment.from >= segment.below ? [] : [segment];
  });
}
