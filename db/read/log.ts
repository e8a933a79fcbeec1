import { proverOf } from '../../domain/ledger/proof.ts';
import type { Prover } from '../../domain/ledger/proof.ts';
import { TILE_WIDTH } from '../../domain/ledger/right-edge.ts';
import { sha256 } from '../write/change.ts';
import { readHashes } from '../command/sequence-entries.ts';
import { one, rows } from '../client.ts';
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
  return one<PublishedLog>(
    db,
    `SELECT epoch, origin, verifier_key, signed_size AS size, checkpoint, signed_at FROM log_heads
      WHERE workspace_id = 'system' AND checkpoint IS NOT NULL ORDER BY epoch DESC LIMIT 1`,
  );
}

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

/** The first `width` hashes of a tile, one after the other (C2SP tlog-tiles). */
export async function readTile(
  db: Queryable,
  { epoch, level, n, width }: { epoch: number; level: number; n: number; width: number },
): Promise<Buffer> {
  const full = await one<{ hashes: Buffer }>(
    db,
    'SELECT hashes FROM log_tiles WHERE epoch = $1 AND level = $2 AND n = $3',
    [epoch, level, n],
  );
  if (full !== undefined) return full.hashes.subarray(0, width * 32);
  return Buffer.concat(await readHashes(db, { epoch, level, from: n * TILE_WIDTH, width }));
}

/** Proofs about the log of an epoch, out of its tiles. */
export const logProver = (db: Queryable, epoch: number): Prover =>
  proverOf((level, n, width) => readTile(db, { epoch, level, n, width }), sha256);

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
