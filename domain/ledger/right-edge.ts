// The right edge of a log: the incomplete tile of each level, from which the next leaves and the root follow.
import type { Sha256 } from '../canonical/hash.ts';
import { LedgerError } from './error.ts';
import { HASH_SIZE, SubtreeHasher, copyOf, emptyRoot } from './tree.ts';

/** C2SP tlog-tiles: a tile holds 256 hashes, the complete subtrees of height 8 below it. */
export const TILE_WIDTH = 256;

/** A tile that has begun: `hashes` are its hashes one after the other. */
export interface PartialTile {
  level: number;
  n: number;
  hashes: Uint8Array;
}

/** A complete tile: `hashes` are its 256 hashes one after the other, `root` the hash that the level above takes of it. */
export interface FullTile extends PartialTile {
  root: Uint8Array;
}

interface Level {
  hashes: Uint8Array;
  width: number;
  /** Which tile of the level is incomplete. */
  n: number;
}

/**
 * Grows leaf by leaf, in 8 KiB for each factor of 256 in its size. `levels[0]` are the leaf hashes behind the last complete
 * tile, `levels[1]` the roots of complete tiles… `sha256` may answer the same array every time: its bytes are copied at once.
 */
export class RightEdge {
  #size: number;
  readonly #levels: Level[] = [];
  readonly #sha256: Sha256;
  readonly #subtree: SubtreeHasher;

  /** Errors: LedgerError `tile_malformed`, where the levels are not as wide as a log of `size` leaves has them. */
  constructor(sha256: Sha256, size = 0, levels: readonly (readonly Uint8Array[])[] = []) {
    this.#sha256 = sha256;
    this.#subtree = new SubtreeHasher(sha256);
    this.#size = size;
    const widths = edgeWidths(size);
    if (levels.length !== widths.length) throw new LedgerError('tile_malformed', `${levels.length} levels`);
    levels.forEach((hashes, at) => {
      if (hashes.length !== widths[at]) throw new LedgerError('tile_malformed', `the edge of level ${at}`);
      const level = this.#level(at);
      hashes.forEach((hash, i) => level.hashes.set(hash, i * HASH_SIZE));
      level.width = hashes.length;
      level.n = Math.floor(size / TILE_WIDTH ** (at + 1));
    });
  }

  get size(): number {
    return this.#size;
  }

  /** Appends leaf hashes and returns the tiles that they complete, in the order in which they became complete. */
  append(leafHashes: Iterable<Uint8Array>): FullTile[] {
    const full: FullTile[] = [];
    for (const hash of leafHashes) this.add(hash, (tile) => full.push({ ...tile, hashes: copyOf(tile.hashes) }));
    return full;
  }

  /** Appends one leaf hash. The `hashes` that `onFull` gets are the edge's own and overwritten by what comes next. */
  add(leafHash: Uint8Array, onFull: (tile: FullTile) => void): void {
    this.#size += 1;
    this.#put(0, leafHash, onFull);
  }

  #level(at: number): Level {
    let level = this.#levels[at];
    while (level === undefined) {
      this.#levels.push({ hashes: new Uint8Array(TILE_WIDTH * HASH_SIZE), width: 0, n: 0 });
      level = this.#levels[at];
    }
    return level;
  }

  #put(at: number, hash: Uint8Array, onFull: (tile: FullTile) => void): void {
    const level = this.#level(at);
    level.hashes.set(hash, level.width * HASH_SIZE);
    level.width += 1;
    if (level.width < TILE_WIDTH) return;
    const root = this.#subtree.root(level.hashes, TILE_WIDTH);
    onFull({ level: at, n: level.n, hashes: level.hashes, root });
    level.n += 1;
    level.width = 0;
    this.#put(at + 1, root, onFull);
  }

  /** The incomplete tiles, those of the leaves first; a level that ends with a complete one has none. Views. */
  partials(): PartialTile[] {
    return this.#levels.flatMap(({ hashes, width, n }, level) =>
      width === 0 ? [] : [{ level, n, hashes: hashes.subarray(0, width * HASH_SIZE) }],
    );
  }

  /**
   * The root of RFC 9162 §2.1.1, a new array. A split at a power of two that is 256 or more never cuts a complete tile, so
   * the tree over all leaves is, level by level, the tree over the tiles with the incomplete one as the last.
   */
  root(): Uint8Array {
    let below: Uint8Array | null = null;
    for (const { hashes, width } of this.#levels) {
      if (width > 0) below = this.#subtree.root(hashes, width, below);
    }
    return below ?? copyOf(emptyRoot(this.#sha256));
  }
}

/** How many hashes of each level stand in the incomplete tile of a log of `size` leaves, from level 0 up. */
export function edgeWidths(size: number): number[] {
  const widths: number[] = [];
  for (let n = size; n > 0; n = Math.floor(n / TILE_WIDTH)) widths.push(n % TILE_WIDTH);
  return widths;
}
