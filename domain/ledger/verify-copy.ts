// Of a copy with its tiles each part vouches for the others: what was altered is found, and told from what was not.
import type { Sha256 } from '../canonical/hash.ts';
import { RightEdge, TILE_WIDTH, edgeWidths } from './right-edge.ts';
import type { FullTile } from './right-edge.ts';
import { leafEnd, widthAt } from './tile.ts';
import type { TileName } from './tile.ts';
import { HASH_SIZE, SubtreeHasher, hashAt, leafHash, sameHash } from './tree.ts';
import { LogVerifier } from './verify.ts';
import type { ExpectedRoot, FindingCode, Report } from './verify.ts';

export interface HashTileName extends TileName {
  level: number;
}

/** What is read for the next leaves: complete tiles that begin there, the highest first, and the bundle of the leaves. */
export interface CopyStep {
  tiles: HashTileName[];
  entries: TileName;
}

/** The incomplete tiles of a log of `size` leaves, the leaves' first: what a verification reads before all else. */
export const edgeOf = (size: number): HashTileName[] =>
  edgeWidths(size).flatMap((width, level) =>
    width === 0 ? [] : [{ level, n: Math.floor(size / TILE_WIDTH ** (level + 1)), width }],
  );

/** In which order a copy of a log of `size` leaves is read after its edge. */
export function* stepsOf(size: number): Generator<CopyStep> {
  for (let n = 0; n * TILE_WIDTH < size; n += 1) {
    const tiles: HashTileName[] = [];
    for (let level = 0, at = n; widthAt({ level, n: at }, size) === TILE_WIDTH; level += 1, at /= TILE_WIDTH) {
      tiles.unshift({ level, n: at, width: TILE_WIDTH });
      if (at % TILE_WIDTH !== 0) break;
    }
    yield { tiles, entries: { level: 'entries', n, width: widthAt({ level: 'entries', n }, size) } };
  }
}

/** A tile as the copy has it. `sound`: the tiles above it, up to the checkpoint, say the same. */
interface StoredTile {
  n: number;
  hashes: Uint8Array;
  sound: boolean;
}

export interface CopyVerifierOptions {
  sha256: Sha256;
  report: Report;
  /** Each leaf of a bundle that is well-formed, in order; `leaf` is a view. */
  onLeaf?: (index: number, leaf: Uint8Array) => void;
}

/**
 * Verifies a copy of a log against a signed checkpoint: `edge` with what `edgeOf` names, `step` with what each of `stepsOf`
 * names, `finish`. A file that is not there is null. Findings are reported as they are made; memory is a few tiles per level.
 */
export class CopyVerifier {
  readonly #checkpoint: { size: number; root: Uint8Array };
  readonly #options: CopyVerifierOptions;
  readonly #log: LogVerifier;
  readonly #subtree: SubtreeHasher;
  readonly #edge: (StoredTile | undefined)[] = [];
  /** The complete tile that the leaves are under, by level. */
  readonly #stored: (StoredTile | undefined)[] = [];
  #edgeSound = false;
  /** Whether something is already said of all the leaves of this step. */
  #told = false;

  constructor(checkpoint: { size: number; root: Uint8Array }, options: CopyVerifierOptions) {
    this.#checkpoint = checkpoint;
    this.#options = options;
    this.#log = new LogVerifier(options.sha256, options.report, (tile) => this.#judge(tile));
    this.#log.expect({ ...checkpoint, from: 'checkpoint' });
    this.#subtree = new SubtreeHasher(options.sha256);
  }

  /** See `LogVerifier`; sizes up to the checkpoint's. */
  expect(expected: ExpectedRoot): void {
    this.#log.expect(expected);
  }

  get size(): number {
    return this.#log.size;
  }

  /** First: what `edgeOf` names, in its order. The arrays are kept. */
  edge(tiles: readonly (Uint8Array | null)[]): void {
    const { size, root } = this.#checkpoint;
    edgeOf(size).forEach((name, at) => {
      const hashes = this.#checked(name, tiles[at] ?? null);
      if (hashes !== null) this.#edge[name.level] = { n: name.n, hashes, sound: false };
    });
    const levels = edgeWidths(size).map((width, level) =>
      Array.from({ length: width }, (_, i) =>
        hashAt(this.#edge[level]?.hashes ?? new Uint8Array(width * HASH_SIZE), i),
      ),
    );
    this.#edgeSound = sameHash(new RightEdge(this.#options.sha256, size, levels).root(), root);
    for (const tile of this.#edge) if (tile !== undefined) tile.sound = this.#edgeSound;
  }

  /** Next: what the step names. The arrays of tiles are kept until the next tile of their level. */
  step({ tiles, entries }: CopyStep, hashes: readonly (Uint8Array | null)[], bundle: Uint8Array | null): void {
    this.#told = false;
    tiles.forEach((name, at) => {
      const found = this.#checked(name, hashes[at] ?? null);
      this.#stored[name.level] = found === null ? undefined : { n: name.n, hashes: found, sound: false };
      if (found !== null && name.level > 0) this.#vouch(name);
    });
    const own = entries.width === TILE_WIDTH ? this.#stored[0] : this.#edge[0];
    const standIn = own?.n === entries.n ? own.hashes : null;
    if (bundle !== null && isBundle(bundle, entries.width)) this.#leaves(bundle);
    else this.#broken(bundle, entries, standIn);
  }

  /** Last, after every step. */
  finish(): void {
    const right = sameHash(this.#log.root(), this.#checkpoint.root);
    for (const { level, n, hashes } of this.#log.partials()) {
      const stored = this.#edge[level];
      if (stored === undefined) continue;
      // Above the leaves a sound edge was what their tiles were judged by.
      if (this.#edgeSound && level > 0) continue;
      const code = right ? 'tile_altered' : this.#edgeSound ? 'leaf_altered' : 'tile_mismatch';
      this.#differences(code, { level, n }, stored, hashes);
    }
    this.#log.finish();
  }

  #tell(code: FindingCode, at: number, count: number, detail: string): void {
    this.#options.report({ code, at, count, detail });
  }

  /** The hashes of a tile as it has to be, or null after saying what is wrong. */
  #checked({ level, n, width }: HashTileName, hashes: Uint8Array | null): Uint8Array | null {
    if (hashes?.length === width * HASH_SIZE) return hashes;
    const under = TILE_WIDTH ** level;
    const code = hashes === null ? 'tile_missing' : 'tile_malformed';
    this.#tell(code, n * TILE_WIDTH * under, width * under, `tile ${level}/${n}`);
    return null;
  }

  /** What the level above says of a complete tile. */
  #above(level: number, n: number): { hash: Uint8Array; sound: boolean } | null {
    const at = Math.floor(n / TILE_WIDTH);
    const tile = [this.#stored[level + 1], this.#edge[level + 1]].find((each) => each?.n === at);
    return tile === undefined ? null : { hash: hashAt(tile.hashes, n % TILE_WIDTH), sound: tile.sound };
  }

  #vouch({ level, n }: HashTileName): void {
    const tile = this.#stored[level];
    const above = this.#above(level, n);
    if (tile === undefined || above === null) return;
    tile.sound = above.sound && this.#hasRoot(tile, above.hash);
  }

  #leaves(bundle: Uint8Array): void {
    const { onLeaf } = this.#options;
    for (let from = 0; from < bundle.length;) {
      const end = leafEnd(bundle, from) ?? bundle.length;
      const leaf = bundle.subarray(from + 2, end);
      onLeaf?.(this.#log.size, leaf);
      this.#log.leaf(leaf);
      from = end;
    }
  }

  /** A bundle that is missing or ends wrongly: its tile stands in, so that what follows can still be judged. */
  #broken(bundle: Uint8Array | null, { n, width }: TileName, standIn: Uint8Array | null): void {
    const first = n * TILE_WIDTH;
    let good = 0;
    for (let from = 0; bundle !== null && good < width;) {
      const end = leafEnd(bundle, from);
      if (end === null) break;
      const hash = leafHash(bundle.subarray(from + 2, end), this.#options.sha256);
      if (standIn !== null && !sameHash(hash, hashAt(standIn, good))) break;
      this.#log.leafHash(hash);
      from = end;
      good += 1;
    }
    const code = bundle === null ? 'bundle_missing' : 'bundle_malformed';
    this.#tell(code, first + Math.min(good, width - 1), Math.max(1, width - good), `entries ${n}`);
    this.#told = standIn === null;
    for (let at = good; at < width; at += 1) {
      this.#log.leafHash(standIn === null ? new Uint8Array(HASH_SIZE) : hashAt(standIn, at));
    }
  }

  /** A tile as its leaves have it is complete: does the copy have the same, and do the levels above? */
  #judge({ level, n, hashes, root }: FullTile): void {
    const stored = this.#stored[level]?.n === n ? this.#stored[level] : undefined;
    // A sound tile above the leaves was what the leaves under it were judged by.
    if (level > 0 && stored?.sound === true) return;
    const above = this.#above(level, n);
    const right = above !== null && sameHash(above.hash, root);
    // Of the leaves' own tile, if it is the one that the level above holds, it can be told which of them are not.
    const held = stored !== undefined && above !== null && level === 0 && !right && this.#hasRoot(stored, above.hash);
    if (above?.sound === true && !right && !held && !(level === 0 && this.#told)) {
      const under = TILE_WIDTH ** (level + 1);
      this.#tell('leaves_altered', n * under, under, `all under one hash of level ${level + 1}`);
    }
    if (stored === undefined) return;
    this.#differences(right ? 'tile_altered' : held ? 'leaf_altered' : 'tile_mismatch', { level, n }, stored, hashes);
  }

  #hasRoot({ hashes }: StoredTile, root: Uint8Array): boolean {
    return sameHash(root, this.#subtree.root(hashes, TILE_WIDTH));
  }

  #differences(
    code: FindingCode,
    { level, n }: Pick<FullTile, 'level' | 'n'>,
    stored: StoredTile,
    b: Uint8Array,
  ): void {
    const a = stored.hashes;
    if (sameBytes(a, b)) return;
    const under = TILE_WIDTH ** level;
    for (let i = 0; i * HASH_SIZE < b.length; i += 1) {
      if (sameHash(hashAt(a, i), hashAt(b, i))) continue;
      this.#tell(code, (n * TILE_WIDTH + i) * under, under, `hash ${i} of tile ${level}/${n}`);
    }
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return false;
  return a.length === b.length;
}

/** Whether the bytes are exactly `width` leaves. */
function isBundle(bundle: Uint8Array, width: number): boolean {
  let from = 0;
  for (let leaf = 0; leaf < width; leaf += 1) {
    const end = leafEnd(bundle, from);
    if (end === null) return false;
    from = end;
  }
  return from === bundle.length;
}
