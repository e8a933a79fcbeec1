// The log is an RFC 9162 Merkle tree: leaves are hashed behind 0x00 and nodes behind 0x01, so neither passes for the other.
import type { Sha256 } from '../canonical/hash.ts';

export const HASH_SIZE = 32;

/** Root of the tree without leaves: the hash of nothing (RFC 9162 §2.1.1). */
export const emptyRoot = (sha256: Sha256): Uint8Array => sha256(new Uint8Array(0));

/** SHA-256(0x00 || leaf) (RFC 9162 §2.1.1). */
export function leafHash(leaf: Uint8Array, sha256: Sha256): Uint8Array {
  const input = new Uint8Array(leaf.length + 1);
  input.set(leaf, 1);
  return sha256(input);
}

/** SHA-256(0x01 || left || right) (RFC 9162 §2.1.1). */
export function nodeHash(left: Uint8Array, right: Uint8Array, sha256: Sha256): Uint8Array {
  const input = new Uint8Array(1 + 2 * HASH_SIZE);
  input[0] = 1;
  input.set(left, 1);
  input.set(right, 1 + HASH_SIZE);
  return sha256(input);
}

/** A hash of one's own: `slice` of a Buffer would still be whoever's it was. */
export const copyOf = (hash: Uint8Array): Uint8Array => new Uint8Array(hash);

/** Whether two hashes are the same 32 bytes; anything of another length is no hash. */
export function sameHash(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== HASH_SIZE || b.length !== HASH_SIZE) return false;
  for (let i = 0; i < HASH_SIZE; i += 1) if (a[i] !== b[i]) return false;
  return true;
}

/** The `at`-th hash of a row of hashes, as a view. */
export const hashAt = (hashes: Uint8Array, at: number): Uint8Array =>
  hashes.subarray(at * HASH_SIZE, (at + 1) * HASH_SIZE);

/** What one subtree hash takes at most: the hashes of a full tile and an unfinished subtree beside them. */
const MAX_ROW = 257;

/**
 * Roots of rows of neighbouring subtrees, computed in a buffer that is kept: a tree of a million leaves has as many
 * nodes, and an allocation for each would cost as much as its hash.
 */
export class SubtreeHasher {
  private readonly sha256: Sha256;
  /** One byte in front, so that each pair has a place for its 0x01: the last byte of the pair before, used up by then. */
  private readonly work = new Uint8Array(1 + MAX_ROW * HASH_SIZE);
  private readonly pairs: Uint8Array[] = [];

  /** `sha256` may answer the same array every time: its bytes are copied at once. */
  constructor(sha256: Sha256) {
    this.sha256 = sha256;
    for (let at = 0; at + 1 < MAX_ROW; at += 2) {
      this.pairs.push(this.work.subarray(at * HASH_SIZE, (at + 2) * HASH_SIZE + 1));
    }
  }

  /**
   * The root over `count` hashes (1 to 256) and, to their right, `rest`, the root of an unfinished subtree. A node
   * without a right neighbour rises unchanged, which is RFC 9162's split at the largest power of two.
   */
  root(hashes: Uint8Array, count: number, rest: Uint8Array | null = null): Uint8Array {
    const { work } = this;
    work.set(hashes.subarray(0, count * HASH_SIZE), 1);
    let row = count;
    if (rest !== null) {
      work.set(rest, 1 + row * HASH_SIZE);
      row += 1;
    }
    while (row > 1) row = this.halve(row);
    return work.slice(1, 1 + HASH_SIZE);
  }

  private halve(row: number): number {
    const { work, pairs, sha256 } = this;
    const half = row >> 1;
    for (let k = 0; k < half; k += 1) {
      work[2 * k * HASH_SIZE] = 1;
      work.set(sha256(pairs[k] as Uint8Array), 1 + k * HASH_SIZE);
    }
    if (row % 2 === 0) return half;
    work.copyWithin(1 + half * HASH_SIZE, 1 + (row - 1) * HASH_SIZE, 1 + row * HASH_SIZE);
    return half + 1;
  }
}
