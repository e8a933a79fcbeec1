import { INSTANCE } from '../command/caller.ts';
import { one } from '../client.ts';
import type { Queryable } from '../client.ts';

/** How far the handover of a log to its key of `generation` has come. */
export interface KeyHandover {
  old_key: string | null;
  new_key: string | null;
  /** The statement that both sign; null until it is in the log. */
  note: string | null;
  signed_size: number | null;
  published_at: string | null;
  /** The entry of the log that holds the statement, as it is hashed. */
  leaf: string | null;
}

/** Undefined: nobody has asked for it. */
export async function keyHandover(
  db: Queryable,
  { epoch, generation }: { epoch: number; generation: number },
): Promise<KeyHandover | undefined> {
  return one<KeyHandover>(
    db,
    `SELECT r.old_key, r.new_key, r.note, r.signed_size, r.published_at, e.leaf FROM log_key_rotations r
      LEFT JOIN log_index i ON i.epoch = r.epoch AND i.idx = r.entry_index
      LEFT JOIN ledger_entries e ON e.entry_id = i.entry_id
      WHERE r.workspace_id = $1 AND r.epoch = $2 AND r.generation = $3`,
    [INSTANCE, epoch, generation],
  );
}
