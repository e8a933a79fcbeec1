import { entryId, idBefore } from '../../domain/ledger/position.ts';
import type { LogPosition } from '../../domain/ledger/position.ts';
import type { LogEvent } from '../../db/read/events.ts';

/** What ends a line of an event stream (WHATWG HTML §9.2.5) cannot be part of one; our JSON escapes it. */
const LINE_END = /[\r\n]/g;

const frame = (lines: readonly string[]): string => `${lines.join('\n')}\n\n`;

/** An entry: its id, its action as the event's name, its leaf as the data. */
export const entryFrame = (epoch: number, { index, action, leaf }: LogEvent): string =>
  frame([`id: ${entryId(epoch, index)}`, `event: ${action.replace(LINE_END, ' ')}`, `data: ${leaf}`]);

/**
 * Says where the stream stands: a client that is cut off before its first entry comes back to this place. `retryMs` is when
 * it should.
 */
export const openingFrame = (at: LogPosition, retryMs: number): string =>
  frame([`retry: ${retryMs}`, `id: ${idBefore(at)}`]);

/** Entries `from` to `to` were not sent to a client that reads too slowly; they are in `/v1/ledger/entries`. */
export const gapFrame = ({ epoch, index }: LogPosition, below: number): string =>
  frame([
    `id: ${entryId(epoch, below - 1)}`,
    'event: gap',
    `data: ${JSON.stringify({ epoch, from: index, to: below - 1 })}`,
  ]);

/** A comment: keeps proxies from taking the stream for dead. */
export const HEARTBEAT = ': \n\n';
