import type { FullTile } from '../../domain/ledger/right-edge.ts';
import { RightEdge, edgeWidths, TILE_WIDTH } from '../../domain/ledger/right-edge.ts';
import { one, prepared, rows } from '../client.ts';
import type { Database, Queryable } from '../client.ts';
import { together } from '../together.ts';
import { transaction } from '../transaction.ts';
import type { Tx } from '../transaction.ts';
import { sha256 } from '../write/change.ts';
import { PLACE } from '../write/log-places.ts';
import { unnestInsert } from '../write/unnest.ts';

/** A log that grows: its epoch and how far it has come. */
export interface LogHead {
  epoch: number;
  size: number;
  root: Buffer;
}

/** Whose signature the next checkpoint needs. */
export interface LogKeyStanding {
  /** Which of the epoch's keys signs, from 1 on. */
  key_generation: number;
  /** Where the entry stands that hands the log over to the next key, while no signed checkpoint covers it; else null. */
  handover_index: number | null;
}

/** What the sequencer remembers between rounds; it is believed only while the head is still the one it was left at. */
export interface SequencerMemory {
  head?: LogHead;
  edge?: RightEdge;
}

export interface Sequenced extends LogHead, LogKeyStanding {
  /** Entries that got their index in this round. */
  added: number;
}

/** Statements whose entries one round takes at most; each appended up to some hundred. */
const BATCHES = 64;

const HEAD = `SELECT epoch, size, root, halted_at, key_generation, handover_index FROM log_heads
  WHERE workspace_id = 'system' ORDER BY epoch DESC LIMIT 1`;

/** No cursor says what is new: a lower id may commit later. What waits is what its own transaction queued. */
const TAKE = `DELETE FROM ledger_unsequenced WHERE batch_id = ANY(ARRAY(
    SELECT batch_id FROM ledger_unsequenced ORDER BY batch_id LIMIT $1)) RETURNING entry_ids`;

const TILES = unnestInsert('log_tiles', ['epoch', 'level', 'n', 'hashes', 'root'] as const, [
  'int4',
  'int2',
  'int8',
  'bytea',
  'bytea',
]);

const GROW = `WITH grown AS (UPDATE log_heads SET size = $2, root = $3, grown_at = clock_timestamp()
    WHERE workspace_id = 'system' AND epoch = $1 RETURNING grown_at)
  INSERT INTO log_roots (epoch, size, root, at) SELECT $1, $2, $3, grown_at FROM grown`;

/**
 * One round: gives the entries that wait their place in the log, in the order of their ids, and grows tiles and head in the
 * same transaction. The locked head is the fence between sequencers. Null while no epoch is open, or the newest is halted.
 */
export async function sequenceEntries(db: Database, memory: SequencerMemory): Promise<Sequenced | null> {
  const result = await transaction(db, async (tx) => {
    const locked = await lockHead(tx);
    if (locked === undefined) return null;
    const { key_generation, handover_index, ...head } = locked;
    const standing = { key_generation, handover_index };
    const taken = await prepared<{ entry_ids: string[] }>(tx, 'log-take', TAKE, [BATCHES]);
    const ids = taken.flatMap((row) => row.entry_ids);
    if (ids.length === 0) return { sequenced: { ...head, ...standing, added: 0 }, edge: memory.edge };
    const edge = await edgeAt(tx, head, memory);
    const grown = await placeEntries(tx, head, edge, ids);
    return { sequenced: { ...grown, ...standing, added: ids.length }, edge };
  });
  if (result === null) return null;
  const { epoch, size, root } = result.sequenced;
  if (result.edge !== undefined) Object.assign(memory, { head: { epoch, size, root }, edge: result.edge });
  return result.sequenced;
}

/** The head of the newest epoch, locked: the fence between whoever gives places. Undefined while none is open, or it is halted. */
export async function lockHead(tx: Tx): Promise<(LogHead & LogKeyStanding) | undefined> {
  type Row = LogHead & LogKeyStanding & { halted_at: string | null };
  const [locked] = await prepared<Row>(tx, 'log-fence', `${HEAD} FOR UPDATE`, []);
  if (locked === undefined || locked.halted_at !== null) return undefined;
  const { epoch, size, root, key_generation, handover_index } = locked;
  return { epoch, size, root, key_generation, handover_index };
}

/** Gives entries the places behind a locked head, in the order of their ids; `edge` is the head's, and grows with it. */
export async function placeEntries(
  tx: Tx,
  head: LogHead,
  edge: RightEdge,
  ids: readonly (string | number)[],
): Promise<LogHead> {
  const leaves = await prepared<{ leaf_hash: Buffer }>(tx, 'log-place', PLACE, [head.epoch, head.size, ids]);
  if (leaves.length !== ids.length) throw new Error('entries that wait for their place are not in the ledger');
  const tiles = edge.append(leaves.map((row) => row.leaf_hash));
  const grown = { epoch: head.epoch, size: edge.size, root: Buffer.from(edge.root()) };
  await together([
    writeTiles(tx, head.epoch, tiles),
    tx.query({ name: 'log-grow', text: GROW, values: [grown.epoch, grown.size, grown.root] }),
  ]);
  return grown;
}

async function writeTiles(tx: Tx, epoch: number, tiles: FullTile[]): Promise<void> {
  if (tiles.length === 0) return;
  const list = tiles.map(({ hashes, root, ...tile }) => ({
    ...tile,
    epoch,
    hashes: Buffer.from(hashes),
    root: Buffer.from(root),
  }));
  await tx.query({ name: 'log-tiles', text: TILES.text, values: TILES.values(list) });
}

/** The right edge of the locked head, from memory where neither another sequencer nor a round that failed has moved it. */
export async function edgeAt(tx: Tx, head: LogHead, memory: SequencerMemory): Promise<RightEdge> {
  const { head: left, edge } = memory;
  const same = left?.epoch === head.epoch && left.size === head.size && left.root.equals(head.root);
  if (same && edge?.size === head.size) return edge;
  const read = await readEdge(tx, head);
  if (!head.root.equals(read.root())) throw new Error(`the log of epoch ${head.epoch} does not have its root`);
  return read;
}

/** The right edge of a log of `size` leaves, from its index and the roots of its tiles. */
export async function readEdge(db: Queryable, { epoch, size }: Pick<LogHead, 'epoch' | 'size'>): Promise<RightEdge> {
  const levels: Uint8Array[][] = [];
  for (const [level, width] of edgeWidths(size).entries())
    levels.push(await readHashes(db, { epoch, level, from: Math.floor(size / TILE_WIDTH ** level) - width, width }));
  return new RightEdge(sha256, size, levels);
}

/** `width` hashes of a level from number `from` on: leaf hashes at level 0, roots of complete tiles above. */
export async function readHashes(
  db: Queryable,
  { epoch, level, from, width }: { epoch: number; level: number; from: number; width: number },
): Promise<Uint8Array[]> {
  if (width === 0) return [];
  const found =
    level === 0
      ? await rows<{ hash: Buffer }>(
          db,
          `SELECT e.leaf_hash AS hash FROM log_index i JOIN ledger_entries e USING (entry_id)
            WHERE i.epoch = $1 AND i.idx >= $2 AND i.idx < $2::int8 + $3 ORDER BY i.idx`,
          [epoch, from, width],
        )
      : await rows<{ hash: Buffer }>(
          db,
          `SELECT root AS hash FROM log_tiles WHERE epoch = $1 AND level = $4 AND n >= $2 AND n < $2::int8 + $3 ORDER BY n`,
          [epoch, from, width, level - 1],
        );
  if (found.length !== width) throw new Error(`the log of epoch ${epoch} lacks hashes of level ${level} from ${from}`);
  return found.map((row) => row.hash);
}

/** Opens the first epoch where there is none. The key is the one that signs its checkpoints. */
export async function openFirstEpoch(db: Database, log: { origin: string; verifier_key: string }): Promise<void> {
  await db.query(
    `INSERT INTO log_heads (epoch, origin, verifier_key, size, root, opened_at, grown_at, actor)
      VALUES (1, $1, $2, 0, $3, clock_timestamp(), clock_timestamp(), 'sequencer') ON CONFLICT DO NOTHING`,
    [log.origin, log.verifier_key, Buffer.from(new RightEdge(sha256).root())],
  );
}

/** Head and origin of the epoch that grows. */
export async function currentLog(
  db: Queryable,
): Promise<(LogHead & { origin: string; verifier_key: string; key_generation: number }) | undefined> {
  return one(
    db,
    `SELECT epoch, size, root, origin, verifier_key, key_generation FROM log_heads WHERE workspace_id = 'system' ORDER BY epoch DESC LIMIT 1`,
  );
}

/** Publishes a signed checkpoint of a size that is committed; an older one never replaces a newer, nor does one key where two have to sign. */
export async function publishCheckpoint(db: Queryable, head: LogHead, note: string): Promise<void> {
  await db.query({
    name: 'log-publish',
    text: `WITH published AS (UPDATE log_heads SET checkpoint = $3, signed_size = $2, signed_at = clock_timestamp()
        WHERE workspace_id = 'system' AND epoch = $1 AND coalesce(signed_size, -1) < $2 AND (handover_index IS NULL OR $2 <= handover_index)
        RETURNING signed_size)
      SELECT pg_notify('ledger_grown', signed_size::text) FROM published`,
    values: [head.epoch, head.size, note],
  });
}
