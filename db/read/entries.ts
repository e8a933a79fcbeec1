import { visibleWorkspaces } from '../command/caller.ts';
import { rows } from '../client.ts';
import type { Queryable } from '../client.ts';

/** An entry at its place in the log. */
export interface SequencedEntry {
  index: number;
  leaf: string;
  leaf_hash: Buffer;
}

/** The entry at an index, when it is one that the workspace may see. */
export async function sequencedEntry(
  db: Queryable,
  { workspace_id, epoch, index }: { workspace_id: string; epoch: number; index: number },
): Promise<SequencedEntry | undefined> {
  const [entry] = await rows<SequencedEntry>(
    db,
    `SELECT i.idx AS index, e.leaf, e.leaf_hash FROM log_index i JOIN ledger_entries e USING (entry_id)
      WHERE i.epoch = $1 AND i.idx = $2 AND i.workspace_id = ANY($3)`,
    [epoch, index, visibleWorkspaces(workspace_id)],
  );
  return entry;
}

export interface EntryRange {
  workspace_id: string;
  epoch: number;
  /** The first index that may be in it, and the first that may not. */
  from: number;
  below: number;
  limit: number;
}

/** Entries that a workspace may see, in the order of the log: one walk of the index per workspace. */
export async function sequencedEntries(db: Queryable, range: EntryRange): Promise<SequencedEntry[]> {
  const workspaces = visibleWorkspaces(range.workspace_id);
  const walks = workspaces.map(
    (
      _,
      n,
    ) => `(SELECT idx, entry_id FROM log_index WHERE workspace_id = $${n + 5} AND epoch = $1 AND idx >= $2 AND idx < $3
      ORDER BY idx LIMIT $4)`,
  );
  return rows<SequencedEntry>(
    db,
    `SELECT i.idx AS index, e.leaf, e.leaf_hash FROM (
        SELECT * FROM (${walks.join(' UNION ALL ')}) AS walked ORDER BY idx LIMIT $4) AS i
      JOIN ledger_entries e USING (entry_id) ORDER BY i.idx`,
    [range.epoch, range.from, range.below, range.limit, ...workspaces],
  );
}
