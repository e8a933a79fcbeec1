import type { AnchorPace, LastAnchor } from '../../domain/ledger/anchor.ts';
import { INSTANCE } from '../command/caller.ts';
import { one, rows } from '../client.ts';
import type { Queryable } from '../client.ts';

/** The epoch that grows, as an anchor finds it. */
export interface AnchorStanding extends Omit<AnchorPace, 'interval_ms'> {
  epoch: number;
  origin: string;
  /** Null before the first. */
  checkpoint: string | null;
  halted_at: string | null;
  /** Since when anchors fail. */
  missed_at: string | null;
  /** Leaves of the newest completed anchor, 0 before the first. */
  anchored_size: number;
}

/** How far the newest epoch is anchored; undefined while none is open. */
export async function anchorStanding(db: Queryable): Promise<AnchorStanding | undefined> {
  const row = await one<Omit<AnchorStanding, 'last'> & { last: LastAnchor }>(
    db,
    `SELECT h.epoch, h.origin, h.checkpoint, h.halted_at, h.anchor_missed_at AS missed_at,
        coalesce(h.signed_size, 0) AS signed_size, date_trunc('milliseconds', clock_timestamp()) AS now,
        coalesce((SELECT size FROM log_anchors WHERE epoch = h.epoch AND completed_at IS NOT NULL
          ORDER BY anchor_id DESC LIMIT 1), 0) AS anchored_size
      FROM log_heads h WHERE h.workspace_id = $1 ORDER BY h.epoch DESC LIMIT 1`,
    [INSTANCE],
  );
  if (row === undefined) return undefined;
  const last = await one<LastAnchor>(
    db,
    'SELECT size, intended_at, completed_at FROM log_anchors WHERE epoch = $1 ORDER BY anchor_id DESC LIMIT 1',
    [row.epoch],
  );
  return { ...row, last: last ?? null };
}

/** The node whose TPM anchors the log: this one where it is enrolled, else the first that was. */
export async function anchoringNode(db: Queryable, preferred: string): Promise<string | undefined> {
  const row = await one<{ node: string }>(
    db,
    `SELECT node FROM attestation_nodes WHERE workspace_id = $1 AND state = 'enrolled'
      ORDER BY (node = $2) DESC, enrolled_at, node LIMIT 1`,
    [INSTANCE, preferred],
  );
  return row?.node;
}

export interface UncopiedCheckpoint {
  anchor_id: number;
  origin: string;
  size: number;
  note: string;
}

const COPIES = 16;

/** Anchored checkpoints that have no copy yet, oldest first, a few at a time. */
export async function uncopiedCheckpoints(db: Queryable): Promise<UncopiedCheckpoint[]> {
  return rows(
    db,
    `SELECT a.anchor_id, h.origin, a.size, a.note FROM log_anchors a
      JOIN log_heads h ON h.workspace_id = $1 AND h.epoch = a.epoch
      WHERE a.completed_at IS NOT NULL AND a.copied_at IS NULL ORDER BY a.anchor_id LIMIT $2`,
    [INSTANCE, COPIES],
  );
}
