import { proverOf } from '../../domain/ledger/proof.ts';
import type { Prover } from '../../domain/ledger/proof.ts';
import { TILE_WIDTH } from '../../domain/ledger/right-edge.ts';
import { HASH_SIZE } from '../../domain/ledger/tree.ts';
import { sha256 } from '../write/change.ts';
import { one, prepared, rows } from '../client.ts';
import type { Queryable } from '../client.ts';

/** The log as it is published: what is not covered by a signed checkpoint is not served. */
export interface PublishedLog {
  epoch: number;
  origin: string;
  verifier_key: string;
  size: number;
  checkpoint: string;
  signed_at: string;
}

export async function publishedLog(db: Queryable): Promise<PublishedLog | undefined> {
  const [log] = await prepared<PublishedLog>(db, 'log-published', PUBLISHED, []);
  return log;
}

const PUBLISHED = `SELECT epoch, origin, verifier_key, signed_size AS size, checkpoint, signed_at FROM log_heads
  WHERE workspace_id = 'system' AND checkpoint IS NOT NULL ORDER BY epoch DESC LIMIT 1`;

export interface LogStanding {
  epoch: number;
  size: number;
  signed_size: number;
  signed_at: string | null;
  /** Whether entries wait for their place, or places for a signature. */
  waiting: boolean;
}

/** How far the log has come, for status. */
export async function logStanding(db: Queryable): Promise<LogStanding | undefined> {
  return one<LogStanding>(
    db,
    `SELECT epoch, size, coalesce(signed_size, 0) AS signed_size, signed_at,
        size > coalesce(signed_size, 0) OR EXISTS (SELECT 1 FROM ledger_unsequenced) AS waiting FROM log_heads
      WHERE workspace_id = 'system' ORDER BY epoch DESC LIMIT 1`,
  );
}

export interface WantedTile {
  level: number;
  n: number;
  width: number;
}

/** A branch is for tiles of its level that are not complete. */
const EDGE = `AND t.hashes IS NULL AND`;
/** The limit says what the planner cannot know: without it a large log makes a costly statement, which it compiles each time. */
const WITHIN = (column: string): string =>
  `${column} >= w.n * ${TILE_WIDTH} AND ${column} < w.n * ${TILE_WIDTH} + w.width ORDER BY ${column} LIMIT ${TILE_WIDTH}`;

/**
 * The tiles of a proof in one statement: complete ones as they are stored, of those at the edge the hashes that they will be
 * of.
 */
export const TILES = `SELECT coalesce(t.hashes, edge.hashes) AS hashes
  FROM unnest($2::int2[], $3::int8[], $4::int4[]) WITH ORDINALITY AS w(level, n, width, place)
  LEFT JOIN log_tiles t ON t.epoch = $1 AND t.level = w.level AND t.n = w.n
  LEFT JOIN LATERAL (SELECT string_agg(s.hash, ''::bytea ORDER BY s.at) AS hashes FROM (
      SELECT e.leaf_hash AS hash, i.idx AS at FROM (
          SELECT idx, entry_id FROM log_index WHERE w.level = 0 ${EDGE} epoch = $1 AND ${WITHIN('idx')}) AS i
        JOIN ledger_entries e USING (entry_id)
      UNION ALL
      (SELECT u.root, u.n FROM log_tiles u WHERE w.level > 0 ${EDGE} u.epoch = $1 AND u.level = w.level - 1 AND ${WITHIN('u.n')})
    ) AS s) AS edge ON t.hashes IS NULL
  ORDER BY w.place`;

/** The first `width` hashes of each tile, one after the other (C2SP tlog-tiles), in one round trip. */
export async function readTiles(db: Queryable, epoch: number, wanted: readonly WantedTile[]): Promise<Buffer[]> {
  const values = [epoch, wanted.map((t) => t.level), wanted.map((t) => t.n), wanted.map((t) => t.width)];
  const found = await prepared<{ hashes: Buffer | null }>(db, 'log-read-tiles', TILES, values);
  return wanted.map(({ level, n, width }, at) => {
    const hashes = found[at]?.hashes?.subarray(0, width * HASH_SIZE);
    if (hashes?.length !== width * HASH_SIZE)
      throw new Error(`the log of epoch ${epoch} lacks hashes of tile ${level}/${n}`);
    return hashes;
  });
}

export const readTile = async (db: Queryable, { epoch, ...tile }: { epoch: number } & WantedTile): Promise<Buffer> =>
  (await readTiles(db, epoch, [tile]))[0] as Buffer;

/** Proofs about the log of an epoch, out of its tiles; those of one proof are read together. */
export function logProver(db: Queryable, epoch: number): Prover {
  let asked: WantedTile[] = [];
  let answer: Promise<Buffer[]> | undefined;
  const read = async (level: number, n: number, width: number): Promise<Uint8Array> => {
    const at = asked.push({ level, n, width }) - 1;
    // The prover asks for all tiles of a proof before it waits for one.
    answer ??= Promise.resolve().then(() => {
      const wanted = asked;
      [asked, answer] = [[], undefined];
      return readTiles(db, epoch, wanted);
    });
    return (await answer)[at] as Buffer;
  };
  return proverOf(read, sha256);
}

/** Leaves `from` to `from + count − 1` of the log, in order. */
export async function readLeaves(
  db: Queryable,
  { epoch, from, count }: { epoch: number; from: number; count: number },
): Promise<string[]> {
  const found = await rows<{ leaf: string }>(
    db,
    `SELECT e.leaf FROM log_index i JOIN ledger_entries e USING (entry_id)
      WHERE i.epoch = $1 AND i.idx >= $2 AND i.idx < $2::int8 + $3 ORDER BY i.idx`,
    [epoch, from, count],
  );
  return found.map((row) => row.leaf);
}
