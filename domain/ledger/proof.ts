// A log proves two things: that a leaf is in a tree (RFC 9162 §2.1.3), and that a tree begins with an older one (§2.1.4).
import type { Sha256 } from '../canonical/hash.ts';
import { LedgerError } from './error.ts';
import { readNodes } from './nodes.ts';
import type { NodeId, TileReader } from './nodes.ts';
import { HASH_SIZE, copyOf, emptyRoot, nodeHash, sameHash } from './tree.ts';

export type { TileReader } from './nodes.ts';

/** Leaves `[from, to)`, whose root is one hash of a proof. */
type Range = readonly [from: number, to: number];

/** The exponent of the largest power of two up to `n`; by comparing, as a logarithm rounds where a double is narrow. */
function exponent(n: number): number {
  let level = 0;
  while (2 ** (level + 1) <= n) level += 1;
  return level;
}

/** The largest power of two below `n`, for n of at least 2. */
const split = (n: number): number => 2 ** exponent(n - 1);

/** PATH(m, D[from:to]) of §2.1.3.1, deepest first. */
function inclusionRanges(m: number, from: number, to: number): Range[] {
  if (to - from === 1) return [];
  const middle = from + split(to - from);
  return m < middle
    ? [...inclusionRanges(m, from, middle), [middle, to]]
    : [...inclusionRanges(m, middle, to), [from, middle]];
}

/** SUBPROOF(m, D[from:to], whole) of §2.1.4.1; m counts from the first leaf of the tree. */
function consistencyRanges(m: number, from: number, to: number, whole = true): Range[] {
  if (m === to) return whole ? [] : [[from, to]];
  const middle = from + split(to - from);
  return m <= middle
    ? [...consistencyRanges(m, from, middle, whole), [middle, to]]
    : [...consistencyRanges(m, middle, to, false), [from, middle]];
}

/** The complete subtrees of a range that starts where its widest one may start, left to right. */
function subtrees([from, to]: Range): NodeId[] {
  const nodes: NodeId[] = [];
  let at = from;
  while (at < to) {
    const level = exponent(to - at);
    nodes.push({ level, n: at / 2 ** level });
    at += 2 ** level;
  }
  return nodes;
}

export interface Prover {
  /** The hashes that lead from leaf `index` to the root over `size` leaves. */
  inclusion: (index: number, size: number) => Promise<Uint8Array[]>;
  /** The root over leaves `from` to `to − 1`, which are a subtree of the tree over `size` leaves. */
  subtree: (from: number, to: number, size: number) => Promise<Uint8Array>;
  /** The hashes that lead from the root over `from` leaves to the one over `size` leaves; none from 0. */
  consistency: (from: number, size: number) => Promise<Uint8Array[]>;
}

const isSize = (n: number): boolean => Number.isSafeInteger(n) && n >= 0;

/**
 * Proofs out of tiles, each of which is read once for a proof. Errors: LedgerError `proof_malformed` for what no such tree
 * has, `tile_malformed` for a tile that is narrower than the tree has it.
 */
export function proverOf(read: TileReader, sha256: Sha256): Prover {
  async function rootsOf(ranges: readonly Range[], size: number): Promise<Uint8Array[]> {
    const wanted = ranges.map(subtrees);
    const hashes = await readNodes(wanted.flat(), size, read, sha256);
    let at = 0;
    return wanted.map((nodes) => {
      const parts = hashes.slice(at, (at += nodes.length));
      return parts.reduceRight((right, left) => copyOf(nodeHash(left, right, sha256)));
    });
  }

  return {
    inclusion: async (index, size) => {
      if (!isSize(index) || !isSize(size) || index >= size)
        throw new LedgerError('proof_malformed', `no leaf ${index} in ${size}`);
      return rootsOf(inclusionRanges(index, 0, size), size);
    },
    subtree: async (from, to, size) => {
      if (!isSize(from) || !isSize(size) || from >= to || to > size)
        throw new LedgerError('proof_malformed', `no subtree from ${from} to ${to} in ${size}`);
      return (await rootsOf([[from, to]], size))[0] as Uint8Array;
    },
    consistency: async (from, size) => {
      if (!isSize(from) || !isSize(size) || from > size)
        throw new LedgerError('proof_malformed', `no tree of ${from} in ${size}`);
      return from === 0 ? [] : rootsOf(consistencyRanges(from, 0, size), size);
    },
  };
}

export interface InclusionClaim {
  leafHash: Uint8Array;
  index: number;
  size: number;
  root: Uint8Array;
  proof: readonly Uint8Array[];
}

/** A hash that is too short or too long would be read as another. */
const areHashes = (list: readonly Uint8Array[]): boolean => list.every((hash) => hash.length === HASH_SIZE);
const half = (n: number): number => Math.floor(n / 2);
const isOdd = (n: number): boolean => n % 2 === 1;

/**
 * RFC 9162 §2.1.3.2. `size` and `root` are those of one checkpoint: a path alone is the same in several sizes. Sizes
 * beyond 2^53 are refused.
 */
export function verifyInclusion({ leafHash, index, size, root, proof }: InclusionClaim, sha256: Sha256): boolean {
  if (!isSize(index) || !isSize(size) || index >= size || !areHashes([leafHash, ...proof])) return false;
  let [fn, sn] = [index, size - 1];
  let hash = leafHash;
  for (const sibling of proof) {
    if (sn === 0) return false;
    if (isOdd(fn) || fn === sn) {
      hash = nodeHash(sibling, hash, sha256);
      while (!isOdd(fn) && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else hash = nodeHash(hash, sibling, sha256);
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && sameHash(hash, root);
}

export interface ConsistencyClaim {
  from: number;
  size: number;
  fromRoot: Uint8Array;
  root: Uint8Array;
  proof: readonly Uint8Array[];
}

/**
 * RFC 9162 §2.1.4.2; of nothing every tree is a continuation, and a tree is one of itself. `size` and `root` are those of
 * one checkpoint, as with `verifyInclusion`.
 */
export function verifyConsistency({ from, size, fromRoot, root, proof }: ConsistencyClaim, sha256: Sha256): boolean {
  if (!isSize(from) || !isSize(size) || from > size || !areHashes([fromRoot, root, ...proof])) return false;
  if (from === size) return proof.length === 0 && sameHash(fromRoot, root);
  if (from === 0) return proof.length === 0 && sameHash(fromRoot, emptyRoot(sha256));
  if (proof.length === 0) return false;
  const [start, ...path] = 2 ** exponent(from) === from ? [fromRoot, ...proof] : proof;
  if (start === undefined) return false;
  let [fn, sn] = [from - 1, size - 1];
  while (isOdd(fn)) [fn, sn] = [half(fn), half(sn)];
  let [older, newer] = [start, start];
  for (const hash of path) {
    if (sn === 0) return false;
    if (isOdd(fn) || fn === sn) {
      older = copyOf(nodeHash(hash, older, sha256));
      newer = copyOf(nodeHash(hash, newer, sha256));
      while (!isOdd(fn) && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else newer = copyOf(nodeHash(newer, hash, sha256));
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && sameHash(older, fromRoot) && sameHash(newer, root);
}
