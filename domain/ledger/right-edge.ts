// The right edge of a log: the incomplete tile of each level, from which the next leaves and the root follow.
import type { Sha256 } from '../canonical/hash.ts';
import { rootOf } from './tree.ts';

/** C2SP tlog-tiles: a tile holds 256 hashes, the complete subtrees of height 8 below it. */
export const TILE_WIDTH = 256;

/** A complete tile: `hashes` are its 256 hashes one after the other, `root` the hash that the level above takes of it. */
export interface FullTile {
  level: number;
  n: number;
  hashes: Uint8Array;
  root: Uint8Array;
}

/** Grows leaf by leaf. `levels[0]` are the leaf hashes behind the last complete tile, `levels[1]` the roots of complete tiles… */
export class RightEdge {
  #size: number;
  readonly #levels: Uint8Array[][];
  readonly #sha256: Sha256;

  constructor(sha256: Sha256, size = 0, levels: Uint8Array[][] = []) {
    this.#sha256 = sha256;
    this.#size = size;
    this.#levels = levels.map((hashes) => [...hashes]);
  }

  get size(): number {
    return this.#size;
  }

  /** Appends leaf hashes and returns the tiles that they complete, in the order in which they became complete. */
  append(leafHashes: Iterable<Uint8Array>): FullTile[] {
    const full: FullTile[] = [];
    for (const hash of leafHashes) {
      this.#size += 1;
      this.#push(0, hash, full);
    }
    return full;
  }

  #push(level: number, hash: Uint8Array, full: FullTile[]): void {
    const edge = (this.#levels[level] ??= []);
    edge.push(hash);
    if (edge.length < TILE_WIDTH) return;
    const hashes = new Uint8Array(TILE_WIDTH * 32);
    edge.forEach((h, i) => hashes.set(h, i * 32));
    const root = rootOf(edge, this.#sha256);
    this.#levels[level] = [];
    full.push({ level, n: this.#size / TILE_WIDTH ** (level + 1) - 1, hashes, root });
    this.#push(level + 1, root, full);
  }

  /**
   * The root of RFC 9162 §2.1.1. A split at a power of two that is 256 or more never cuts a complete tile, so the tree over
   * all leaves is, level by level, the tree over the tiles with the incomplete one as the last.
   */
  root(): Uint8Array {
    let below: Uint8Array | undefined;
    for (const edge of this.#levels) {
      const hashes = below === undefined ? edge : [...edge, below];
      if (hashes.length > 0) below = rootOf(hashes, this.#sha256);
    }
    return below ?? this.#sha256(new Uint8Array(0));
  }
}

/** How many hashes of each level stand in the incomplete tile of a log of `size` leaves, from level 0 up. */
export function edgeWidths(size: number): number[] {
  const widths: number[] = [];
  for (let n = size; n > 0; n = Math.floor(n / TILE_WIDTH)) widths.push(n % TILE_WIDTH);
  return widths;
}
