// Some leaves of a tree, and the hashes of whatever stands between them, have the root of RFC 9162 §2.1.1 or they are not in it.
import type { Sha256 } from '../canonical/hash.ts';
import { nodeHash } from './tree.ts';

/** The largest power of two below n, for n > 1. */
const splitOf = (n: number): number => 2 ** Math.ceil(Math.log2(n) - 1);

interface Subtree {
  from: number;
  width: number;
  hash: Uint8Array;
}

/**
 * Holds leaf hashes by their index, ascending; neighbours become complete subtrees at once, so that a range takes the
 * logarithm of its length.
 */
export class PartialTree {
  readonly #known: Subtree[] = [];
  readonly #sha256: Sha256;
  #first = 0;
  #end = 0;

  constructor(sha256: Sha256) {
    this.#sha256 = sha256;
  }

  /** The least index, and one more than the greatest; both 0 while there is none. */
  get range(): { from: number; to: number } {
    return { from: this.#first, to: this.#end };
  }

  /** False for an index that is not above all before it. */
  add(index: number, hash: Uint8Array): boolean {
    if (!Number.isSafeInteger(index) || index < this.#end) return false;
    if (this.#known.length === 0) this.#first = index;
    this.#end = index + 1;
    let last: Subtree = { from: index, width: 1, hash };
    for (let left = this.#known.at(-1); left !== undefined; left = this.#known.at(-1)) {
      const siblings =
        left.width === last.width && left.from + left.width === last.from && left.from % (2 * left.width) === 0;
      if (!siblings) break;
      this.#known.pop();
      last = { from: left.from, width: 2 * left.width, hash: nodeHash(left.hash, last.hash, this.#sha256) };
    }
    this.#known.push(last);
    return true;
  }

  /**
   * The root over `size` leaves, of which `others` are the hashes that are missing here, as `gapsOf` names them. Null when
   * there are too few of them or too many, or a leaf lies behind the end.
   */
  root(size: number, others: readonly Uint8Array[]): Uint8Array | null {
    if (this.#end > size) return null;
    if (size === 0) return others.length === 0 ? this.#sha256(new Uint8Array(0)) : null;
    let [known, other] = [0, 0];
    const over = (from: number, to: number): Uint8Array | null => {
      const next = this.#known[known];
      if (next === undefined || next.from >= to) return others[other++] ?? null;
      if (next.from === from && next.width === to - from) {
        known += 1;
        return next.hash;
      }
      const middle = from + splitOf(to - from);
      const left = over(from, middle);
      const right = left === null ? null : over(middle, to);
      return left === null || right === null ? null : nodeHash(left, right, this.#sha256);
    };
    const root = over(0, size);
    return other === others.length ? root : null;
  }
}

/** A subtree of the tree over `size` leaves, none of whose leaves is one of the known. */
export interface Gap {
  from: number;
  to: number;
}

/**
 * The subtrees of a tree over `size` leaves that `runs`, the known leaves, leave out: from left to right, each as large as
 * it can be. `runs` are ascending and do not touch: from, to, from, to…
 */
export function* gapsOf(runs: readonly number[], size: number): Generator<Gap> {
  let at = 0;
  function* within(from: number, to: number): Generator<Gap> {
    while (at < runs.length && (runs[at + 1] as number) <= from) at += 2;
    const [start, end] = [runs[at], runs[at + 1]];
    if (start === undefined || end === undefined || start >= to) {
      yield { from, to };
      return;
    }
    if (start <= from && end >= to) return;
    const middle = from + splitOf(to - from);
    yield* within(from, middle);
    yield* within(middle, to);
  }
  if (size > 0) yield* within(0, size);
}
