import { one, rows } from '../client.ts';
import type { Database } from '../client.ts';
import { transaction } from '../transaction.ts';
import type { Tx } from '../transaction.ts';
import { writeEntries } from '../write/ledger.ts';
import type { Caller } from './caller.ts';

/** Rows that one transaction deletes. */
export const PRUNED_AT_ONCE = 500;

export interface Pruned {
  pruned: number;
  /** There may be more to prune. */
  more: boolean;
}

/** Deletes captures of a workspace, the oldest first: all, those before an instant, or those of one window. */
export async function pruneCaptures(
  db: Database,
  by: Caller,
  { before = null, window_id }: { before?: string | null; window_id?: string },
): Promise<Pruned> {
  return transaction(db, async (tx) => {
    const of = window_id === undefined ? '' : 'AND window_id = $4';
    const found = await rows<{ capture_id: string }>(
      tx,
      `SELECT capture_id FROM debug_captures WHERE workspace_id = $1 AND ($2::timestamptz IS NULL OR at < $2::timestamptz) ${of}
        ORDER BY at, capture_id LIMIT $3 FOR UPDATE`,
      [by.workspace_id, before, PRUNED_AT_ONCE, ...(window_id === undefined ? [] : [window_id])],
    );
    await remove(tx, by, found, window_id === undefined ? { before } : { before, window_id });
    return { pruned: found.length, more: found.length === PRUNED_AT_ONCE };
  });
}

/** Deletes captures of one workspace whose time is over by the database's clock. */
export async function pruneExpired(db: Database, actor: string): Promise<Pruned> {
  return transaction(db, async (tx) => {
    const first = await one<{ workspace_id: string }>(
      tx,
      'SELECT workspace_id FROM debug_captures WHERE expires_at <= clock_timestamp() ORDER BY expires_at LIMIT 1',
    );
    if (first === undefined) return { pruned: 0, more: false };
    const { workspace_id } = first;
    // Another worker's batch is skipped, not waited for.
    const found = await rows<{ capture_id: string }>(
      tx,
      `SELECT capture_id FROM debug_captures WHERE expires_at <= clock_timestamp() AND workspace_id = $1
        ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED`,
      [workspace_id, PRUNED_AT_ONCE],
    );
    await remove(tx, { workspace_id, actor, on_behalf_of: null }, found, { expired: true });
    return { pruned: found.length, more: found.length > 0 };
  });
}

/** One entry `captures_pruned` for the batch; none where there was nothing. */
async function remove(
  tx: Tx,
  by: Caller,
  found: { capture_id: string }[],
  why: Record<string, unknown>,
): Promise<void> {
  if (found.length === 0) return;
  await tx.query('DELETE FROM debug_captures WHERE workspace_id = $1 AND capture_id = ANY($2)', [
    by.workspace_id,
    found.map((row) => row.capture_id),
  ]);
  const now = await one<{ now: string }>(tx, `SELECT date_trunc('milliseconds', clock_timestamp()) AS now`);
  await writeEntries(tx, [
    {
      ...by,
      at: now?.now ?? '',
      action: 'captures_pruned',
      object: `runtime/${by.workspace_id}`,
      record_hash: null,
      record_version: null,
      detail: { ...why, count: found.length },
      policy_digest: null,
    },
  ]);
}
