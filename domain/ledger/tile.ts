// Where a log's tiles and entry bundles lie and what is in them: C2SP tlog-tiles, tiles of height 8.
import { concatBytes } from '@noble/hashes/utils.js';
import { LedgerError } from './error.ts';
import { TILE_WIDTH } from './right-edge.ts';

/** A tile of hashes at a level, or (`entries`) the bundle of leaves under tile `n` of level 0. */
export interface TileName {
  level: number | 'entries';
  n: number;
  /** 1 to 256: how many hashes or leaves of it. */
  width: number;
}

/** C2SP tlog-tiles allows levels 0 to 63; what a safe integer can count ends before level 7. */
const HIGHEST_LEVEL = 6;
const PATH = /^(entries|[0-9]|[1-5][0-9]|6[0-3])\/((?:x[0-9]{3}\/)*[0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/;

/** `<L>/<N>[.p/<W>]`, N in groups of three digits, all but the last with an x: 1234067 is `x001/x234/067`. */
export function tilePath({ level, n, width }: TileName): string {
  const digits = String(n);
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, '0');
  const groups = padded.match(/.{3}/g) ?? [];
  const path = groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join('/');
  return `${level}/${path}${width === TILE_WIDTH ? '' : `.p/${width}`}`;
}

/** The tile of a path behind `tile/`. Errors: LedgerError `tile_path_malformed`, also for another spelling of the same. */
export function parseTilePath(path: string): TileName {
  const malformed = () => new LedgerError('tile_path_malformed', 'no path of a tile');
  const [, level, groups = '', partial] = PATH.exec(path) ?? [];
  if (level === undefined) throw malformed();
  const n = Number(groups.replaceAll(/[x/]/g, ''));
  const width = partial === undefined ? TILE_WIDTH : Number(partial);
  if (!Number.isSafeInteger(n) || (partial !== undefined && width >= TILE_WIDTH)) throw malformed();
  const name: TileName = { level: level === 'entries' ? level : Number(level), n, width };
  if (tilePath(name) !== path) throw malformed();
  return name;
}

/** How many hashes or leaves a tile has in a log of `size` leaves, 0 where it has not begun. */
export function widthAt({ level, n }: Pick<TileName, 'level' | 'n'>, size: number): number {
  const height = level === 'entries' ? 0 : level;
  if (height > HIGHEST_LEVEL) return 0;
  const hashes = Math.floor(size / TILE_WIDTH ** height);
  return Math.max(0, Math.min(TILE_WIDTH, hashes - n * TILE_WIDTH));
}

/** Every tile of hashes that a log of `size` leaves has, level by level: what a copy of it holds. */
export function* tilesOf(size: number): Generator<TileName & { level: number }> {
  for (let level = 0; widthAt({ level, n: 0 }, size) > 0; level += 1) {
    for (let n = 0; widthAt({ level, n }, size) > 0; n += 1) yield { level, n, width: widthAt({ level, n }, size) };
  }
}

/** Leaves with their lengths before them, two bytes each, big-endian. */
export function entryBundle(leaves: readonly Uint8Array[]): Uint8Array {
  return concatBytes(
    ...leaves.flatMap((leaf) => {
      if (leaf.length > 0xffff) throw new LedgerError('bundle_malformed', 'a leaf is longer than a bundle can say');
      return [Uint8Array.of(leaf.length >> 8, leaf.length & 0xff), leaf];
    }),
  );
}

/** Where the leaf whose length stands at `from` ends, or null when the bytes end before it does. */
export function leafEnd(bytes: Uint8Array, from: number): number | null {
  const [high, low] = [bytes[from], bytes[from + 1]];
  if (high === undefined || low === undefined) return null;
  const end = from + 2 + high * 256 + low;
  return end > bytes.length ? null : end;
}

/** The leaves of a bundle, views. Errors: LedgerError `bundle_malformed`. */
export function parseEntryBundle(bytes: Uint8Array): Uint8Array[] {
  const leaves: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = leafEnd(bytes, at);
    if (end === null) throw new LedgerError('bundle_malformed', 'the bundle ends within a leaf');
    leaves.push(bytes.subarray(at + 2, end));
    at = end;
  }
  return leaves;
}
