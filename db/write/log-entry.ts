import { one } from '../client.ts';
import type { Tx } from '../transaction.ts';
import { leafHash, writeEntries } from './ledger.ts';

/** An entry of the instance about its own log. */
export interface LogEntry {
  at: string;
  origin: string;
  action: string;
  detail: Record<string, unknown>;
}

/**
 * Writes an entry about the log and takes it out of what waits: whoever has the head locked gives it its place in the same
 * transaction.
 */
export async function writeLogEntry(
  tx: Tx,
  { actor, on_behalf_of }: { actor: string; on_behalf_of: string | null },
  { at, origin, action, detail }: LogEntry,
): Promise<{ entry_id: number; leaf_hash: Buffer }> {
  await writeEntries(tx, [
    {
      workspace_id: 'system',
      at,
      actor,
      on_behalf_of,
      action,
      object: `log/${origin}`,
      record_hash: null,
      record_version: null,
      detail,
      policy_digest: null,
    },
  ]);
  const written = await one<{ entry_id: number; leaf: string }>(
    tx,
    `WITH taken AS (DELETE FROM ledger_unsequenced
        WHERE batch_id = currval(pg_get_serial_sequence('ledger_unsequenced', 'batch_id')) RETURNING entry_ids)
      SELECT e.entry_id, e.leaf FROM taken JOIN ledger_entries e ON e.entry_id = taken.entry_ids[1]
      WHERE array_length(taken.entry_ids, 1) = 1`,
  );
  if (written === undefined) throw new Error('the entry about the log does not wait for its place');
  return { entry_id: written.entry_id, leaf_hash: leafHash(written.leaf) };
}
