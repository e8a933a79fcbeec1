// Proofs are computed from tiles: a node between two tile levels is the root of a run of one tile's hashes.
import type { Sha256 } from '../canonical/hash.ts';
import { LedgerError } from './error.ts';
import { TILE_WIDTH } from './right-edge.ts';
import { widthAt } from './tile.ts';
import { HASH_SIZE, SubtreeHasher } from './tree.ts';

/** The root over leaves `[n * 2^level, (n + 1) * 2^level)`. */
export interface NodeId {
  level: number;
  n: number;
}

/** The first `width` hashes (32 bytes each) of tile `n` of a level, or more. */
export type TileReader = (level: number, n: number, width: number) => Promise<Uint8Array>;

/** Levels of the tree in one tile. */
const TILE_HEIGHT = 8;

interface Run {
  key: string;
  tile: { level: number; n: number; width: number };
  start: number;
  length: number;
}

/** Where a node's hash comes from in a log of `size` leaves. */
function runOf({ level, n }: NodeId, size: number): Run {
  const tileLevel = Math.floor(level / TILE_HEIGHT);
  const length = 2 ** (level % TILE_HEIGHT);
  const at = Math.floor((n * length) / TILE_WIDTH);
  const width = widthAt({ level: tileLevel, n: at }, size);
  const start = n * length - at * TILE_WIDTH;
  if (start + length > width) throw new LedgerError('proof_malformed', `no node ${level}/${n} in ${size}`);
  return { key: `${tileLevel}/${at}`, tile: { level: tileLevel, n: at, width }, start, length };
}

/** Answers nodes of a log of `size` leaves, in their order, each tile read once and all of them together. */
export async function readNodes(
  nodes: readonly NodeId[],
  size: number,
  read: TileReader,
  sha256: Sha256,
): Promise<Uint8Array[]> {
  const runs = nodes.map((node) => runOf(node, size));
  const wanted = [...new Map(runs.map(({ key, tile }) => [key, tile]))];
  const loaded = new Map(
    await Promise.all(wanted.map(async ([key, { level, n, width }]) => [key, await read(level, n, width)] as const)),
  );
  const subtree = new SubtreeHasher(sha256);
  return runs.map(({ key, tile, start, length }) => {
    const hashes = loaded.get(key);
    if (hashes === undefined || hashes.length < tile.width * HASH_SIZE) {
      throw new LedgerError('tile_malformed', `tile ${key} is narrower than ${tile.width}`);
    }
    return subtree.root(hashes.subarray(start * HASH_SIZE, (start + length) * HASH_SIZE), length);
  });
}
