// That a leaf is in a tree, and that a tree is the beginning of a larger one: RFC 9162 §2.1.3 and §2.1.4.
import type { Sha256 } from '../canonical/hash.ts';
import { LedgerError } from './error.ts';
import { TILE_WIDTH } from './right-edge.ts';
import { nodeHash, rootOf } from './tree.ts';

/** The first `width` hashes (32 bytes each) of tile `n` of a level, or more. */
export type TileReader = (level: number, n: number, width: number) => Promise<Uint8Array>;

export interface Prover {
  /** The hashes that lead from leaf `index` to the root over `size` leaves. */
  inclusion: (index: number, size: number) => Promise<Uint8Array[]>;
  /** The hashes that lead from the roots over `from` leaves to the one over `size` leaves. */
  consistency: (from: number, size: number) => Promise<Uint8Array[]>;
}

const isPowerOfTwo = (n: number): boolean => Number.isInteger(Math.log2(n));
/** The largest power of two below n, for n > 1. */
const splitOf = (n: number): number => 2 ** Math.ceil(Math.log2(n) - 1);

/** Proofs out of tiles, each of which is read once. Errors: LedgerError `proof_malformed` for what no such tree has. */
export function proverOf(read: TileReader, sha256: Sha256): Prover {
  const tiles = new Map<string, Promise<Uint8Array>>();

  /** The root of a complete subtree of `width` leaves: hashes of one tile, since a tile is 8 levels high. */
  async function node(from: number, width: number, size: number): Promise<Uint8Array> {
    const level = Math.floor(Math.log2(width) / 8);
    const unit = TILE_WIDTH ** level;
    const n = Math.floor(from / unit / TILE_WIDTH);
    const present = Math.min(TILE_WIDTH, Math.floor(size / unit) - n * TILE_WIDTH);
    const key = `${level}/${n}`;
    const tile = tiles.get(key) ?? read(level, n, present);
    tiles.set(key, tile);
    const bytes = await tile;
    const first = from / unit - n * TILE_WIDTH;
    const hashes = Array.from({ length: width / unit }, (_, i) =>
      bytes.subarray((first + i) * 32, (first + i + 1) * 32),
    );
    return rootOf(hashes, sha256);
  }

  async function root(from: number, to: number, size: number): Promise<Uint8Array> {
    if (isPowerOfTwo(to - from)) return node(from, to - from, size);
    const middle = from + splitOf(to - from);
    return nodeHash(await root(from, middle, size), await root(middle, to, size), sha256);
  }

  async function path(index: number, from: number, to: number, size: number): Promise<Uint8Array[]> {
    if (to - from === 1) return [];
    const middle = from + splitOf(to - from);
    return index < middle
      ? [...(await path(index, from, middle, size)), await root(middle, to, size)]
      : [...(await path(index, middle, to, size)), await root(from, middle, size)];
  }

  /** `known`: whether the verifier has the root of the first `first` leaves of this subtree as its old root. */
  async function grown(first: number, from: number, to: number, known: boolean, size: number): Promise<Uint8Array[]> {
    if (first === to - from) return known ? [] : [await root(from, to, size)];
    const middle = from + splitOf(to - from);
    const left = middle - from;
    return first <= left
      ? [...(await grown(first, from, middle, known, size)), await root(middle, to, size)]
      : [...(await grown(first - left, middle, to, false, size)), await root(from, middle, size)];
  }

  return {
    inclusion: async (index, size) => {
      if (index < 0 || index >= size) throw new LedgerError('proof_malformed', `no leaf ${index} in ${size}`);
      return path(index, 0, size, size);
    },
    consistency: async (from, size) => {
      if (from < 0 || from > size) throw new LedgerError('proof_malformed', `no tree of ${from} in ${size}`);
      return from === 0 || from === size ? [] : grown(from, 0, size, true, size);
    },
  };
}

const same = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);

export interface InclusionClaim {
  leafHash: Uint8Array;
  index: number;
  size: number;
  root: Uint8Array;
  proof: readonly Uint8Array[];
}

/** RFC 9162 §2.1.3.2. */
export function verifyInclusion({ leafHash, index, size, root, proof }: InclusionClaim, sha256: Sha256): boolean {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) return false;
  if (proof.some((hash) => hash.length !== 32)) return false;
  let node = index;
  let last = size - 1;
  let hash = leafHash;
  for (const sibling of proof) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      hash = nodeHash(sibling, hash, sha256);
      while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, Math.floor(last / 2)];
    } else hash = nodeHash(hash, sibling, sha256);
    [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  }
  return last === 0 && same(hash, root);
}

export interface ConsistencyClaim {
  from: number;
  size: number;
  fromRoot: Uint8Array;
  root: Uint8Array;
  proof: readonly Uint8Array[];
}

/** RFC 9162 §2.1.4.2; of nothing every tree is a continuation, and a tree is one of itself. */
export function verifyConsistency({ from, size, fromRoot, root, proof }: ConsistencyClaim, sha256: Sha256): boolean {
  if (!Number.isSafeInteger(from) || !Number.isSafeInteger(size) || from < 0 || from > size) return false;
  if (proof.some((hash) => hash.length !== 32)) return false;
  if (from === size) return proof.length === 0 && same(fromRoot, root);
  if (from === 0) return proof.length === 0 && same(fromRoot, sha256(new Uint8Array(0)));
  const path = isPowerOfTwo(from) ? [fromRoot, ...proof] : [...proof];
  const first = path.shift();
  if (first === undefined) return false;
  let [node, last] = [from - 1, size - 1];
  while (node % 2 === 1) [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  let [old, now] = [first, first];
  for (const sibling of path) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      old = nodeHash(sibling, old, sha256);
      now = nodeHash(sibling, now, sha256);
      while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, Math.floor(last / 2)];
    } else now = nodeHash(now, sibling, sha256);
    [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  }
  return last === 0 && same(old, fromRoot) && same(now, root);
}
