// Whoever has the leaves needs nobody's word: they have one root for each size, and a checkpoint says which.
import type { Sha256 } from '../canonical/hash.ts';
import { LedgerError } from './error.ts';
import { RightEdge } from './right-edge.ts';
import type { FullTile, PartialTile } from './right-edge.ts';
import { leafHash, sameHash } from './tree.ts';

/**
 * What can be wrong with a copy of a log. Of leaves and stored hashes that disagree, those are altered that the others
 * contradict.
 *
 * - `root_mismatch`: the leaves do not have the root of a checkpoint;
 * - `remembered_mismatch`: they do not have the root that was seen at that size: the log was rewritten;
 * - `handover_mismatch`: they do not have the root that the log had when its key was replaced;
 * - `rotation_invalid`: an entry says that the key was replaced, and is not signed by both keys or does not follow the one before;
 * - `rotation_missing`: the key was replaced by a statement that the log does not have;
 * - `anchor_mismatch`: they do not have the root that a TPM quoted at that size;
 * - `log_short`: a checkpoint covers leaves that are not there;
 * - `leaf_altered`: a leaf is not the one that its tile and the tiles above it hold;
 * - `leaves_altered`: some of these leaves are not those that the tiles above them hold;
 * - `tile_altered`: a stored hash is not the one of the leaves under it, which are as the other tiles hold them;
 * - `tile_mismatch`: a stored hash is not the one of the leaves under it, and nothing says which of them was altered;
 * - `tile_missing`, `tile_malformed`, `bundle_missing`, `bundle_malformed`: not there, or not what such a thing can be.
 */
export type FindingCode =
  | 'root_mismatch'
  | 'remembered_mismatch'
  | 'handover_mismatch'
  | 'anchor_mismatch'
  | 'rotation_invalid'
  | 'rotation_missing'
  | 'log_short'
  | 'leaf_altered'
  | 'leaves_altered'
  | 'tile_altered'
  | 'tile_mismatch'
  | 'tile_missing'
  | 'tile_malformed'
  | 'bundle_missing'
  | 'bundle_malformed';

/** Concerns the `count` leaves from index `at` on. `detail` names the place, never what stands there. */
export interface Finding {
  code: FindingCode;
  at: number;
  count: number;
  detail: string;
}

/** Is told each finding as it is made: nothing is collected here. */
export type Report = (finding: Finding) => void;

/** A root that the log has to have at a size: of a signed checkpoint, of one that was seen earlier, that two keys signed, or that is anchored. */
export interface ExpectedRoot {
  size: number;
  root: Uint8Array;
  from: 'checkpoint' | 'remembered' | 'handover' | 'anchor';
}

const CODES = {
  checkpoint: 'root_mismatch',
  remembered: 'remembered_mismatch',
  handover: 'handover_mismatch',
  anchor: 'anchor_mismatch',
} as const;

/** Longer leaves are hashed too, in a buffer of their own. */
const ROOM = 16 * 1024;

/**
 * Takes the leaves of a log in order, and compares the roots over them with those that are expected. Memory: 8 KiB for each
 * factor of 256 in the size, and the roots still expected. `sha256` may answer the same array every time.
 */
export class LogVerifier {
  readonly #sha256: Sha256;
  readonly #report: Report;
  readonly #onFull: (tile: FullTile) => void;
  readonly #edge: RightEdge;
  /** 0x00 and the leaf after it. */
  readonly #input = new Uint8Array(1 + ROOM);
  /** By size, the next one last. */
  readonly #expected: ExpectedRoot[] = [];
  #next = Number.POSITIVE_INFINITY;
  /** Up to here the leaves have a root that was expected. */
  readonly #confirmed = { checkpoint: 0, remembered: 0, handover: 0, anchor: 0 };

  constructor(sha256: Sha256, report: Report, onFull: (tile: FullTile) => void = () => undefined) {
    this.#sha256 = sha256;
    this.#report = report;
    this.#onFull = onFull;
    this.#edge = new RightEdge(sha256);
  }

  get size(): number {
    return this.#edge.size;
  }

  root(): Uint8Array {
    return this.#edge.root();
  }

  /** The tiles at the edge that are not complete, views. */
  partials(): PartialTile[] {
    return this.#edge.partials();
  }

  /** To be said before the leaf behind that size is given. Errors: LedgerError `checkpoint_malformed`, when it is too late. */
  expect(expected: ExpectedRoot): void {
    if (!Number.isSafeInteger(expected.size) || expected.size < this.size) {
      throw new LedgerError('checkpoint_malformed', 'the root of a size that has passed');
    }
    const behind = this.#expected.findIndex(({ size }) => size <= expected.size);
    this.#expected.splice(behind === -1 ? this.#expected.length : behind, 0, expected);
    this.#compare();
  }

  leaf(bytes: Uint8Array): void {
    if (bytes.length > ROOM) {
      this.leafHash(leafHash(bytes, this.#sha256));
      return;
    }
    this.#input.set(bytes, 1);
    this.leafHash(this.#sha256(this.#input.subarray(0, 1 + bytes.length)));
  }

  /** The next leaf by its hash alone, where the leaf itself is not there to be hashed. */
  leafHash(hash: Uint8Array): void {
    this.#edge.add(hash, this.#onFull);
    if (this.#edge.size >= this.#next) this.#compare();
  }

  /** After the last leaf. */
  finish(): void {
    for (const { size, from } of this.#expected.splice(0)) {
      this.#report({
        code: 'log_short',
        at: this.size,
        count: size - this.size,
        detail: `a ${from} root covers ${size} leaves`,
      });
    }
  }

  #compare(): void {
    for (let next = this.#expected.at(-1); next?.size === this.size; next = this.#expected.at(-1)) {
      this.#expected.pop();
      const { from } = next;
      const confirmed = this.#confirmed[from];
      if (sameHash(next.root, this.root())) this.#confirmed[from] = this.size;
      else {
        const code = CODES[from];
        const detail = `${this.size} leaves do not have the ${from} root`;
        this.#report({ code, at: confirmed, count: this.size - confirmed, detail });
      }
    }
    this.#next = this.#expected.at(-1)?.size ?? Number.POSITIVE_INFINITY;
  }
}
