import { stepsOf, edgeOf } from '../../domain/ledger/verify-copy.ts';
import { TILE_WIDTH } from '../../domain/ledger/right-edge.ts';
import { leafEnd, tilePath } from '../../domain/ledger/tile.ts';
import type { TileName } from '../../domain/ledger/tile.ts';
import { HASH_SIZE } from '../../domain/ledger/tree.ts';

/** What the files of a copy hold at most: a note is a page, a statement of two keys two of them, and a leaf says its length in two bytes. */
export const LIMITS = {
  note: 64 * 1024,
  keys: 1024 * 1024,
  tile: TILE_WIDTH * HASH_SIZE,
  entries: TILE_WIDTH * (2 + 0xffff),
} as const;

/** C2SP tlog-tiles: where a tile lies under the URL or the folder of its log. */
export const tileFile = (name: TileName): string => `tile/${tilePath(name)}`;

export const tileLimit = ({ level }: TileName): number => (level === 'entries' ? LIMITS.entries : LIMITS.tile);

/** Every tile and bundle of a log of `size` leaves, once. */
export function* filesOf(size: number): Generator<TileName> {
  yield* edgeOf(size);
  for (const { tiles, entries } of stepsOf(size)) {
    yield* tiles;
    yield entries;
  }
}

/** How many steps a log of `size` leaves is read in. */
export const stepCount = (size: number): number => Math.ceil(size / TILE_WIDTH);

/** Whether the bytes have the form of that tile or bundle; not whether they are the right ones. */
export function hasForm({ level, width }: TileName, bytes: Uint8Array): boolean {
  if (level !== 'entries') return bytes.length === width * HASH_SIZE;
  let from = 0;
  for (let leaf = 0; leaf < width; leaf += 1) {
    const end = leafEnd(bytes, from);
    if (end === null) return false;
    from = end;
  }
  return from === bytes.length;
}
