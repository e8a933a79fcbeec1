import { visibleWorkspaces } from '../command/caller.ts';
import { prepared, rows } from '../client.ts';
import type { Queryable } from '../client.ts';
import type { PublishedLog } from './log.ts';

/** An entry at its place in the log. */
export interface SequencedEntry {
  index: number;
  leaf: string;
  leaf_hash: Buffer;
}

/** The entry at an index of the published log, which it is proven in; `leaf` is null where the workspace may not see one. */
export type PublishedEntry = PublishedLog & { leaf: string | null; leaf_hash: Buffer | null };

const PUBLISHED_ENTRY = `SELECT h.epoch, h.origin, h.verifier_key, h.signed_size AS size, h.checkpoint, h.signed_at, e.leaf, e.leaf_hash
  FROM (SELECT * FROM log_heads WHERE workspace_id = 'system' AND checkpoint IS NOT NULL ORDER BY epoch DESC LIMIT 1) AS h
  LEFT JOIN log_index i ON i.epoch = h.epoch AND i.idx = $1 AND i.idx < h.signed_size AND i.workspace_id = ANY($2)
  LEFT JOIN ledger_entries e ON e.entry_id = i.entry_id`;

/** The published log with the entry at an index in one statement; undefined before the first checkpoint. */
export async function publishedEntry(
  db: Queryable,
  { workspace_id, index }: { workspace_id: string; index: number },
): Promise<PublishedEntry | undefined> {
  const values = [index, visibleWorkspaces(workspace_id)];
  const [found] = await prepared<PublishedEntry>(db, 'log-published-entry', PUBLISHED_ENTRY, values);
  return found;
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
