import { rows } from '../client.ts';
import type { EntryDraft } from './ledger.ts';
import { writeEntries } from './ledger.ts';
import type { Tx } from '../transaction.ts';

/** Values of a slot that stay readable for a rollback, besides the current, the previous and the staged one. */
export const VERSIONS_KEPT = 10;
/** Of one entry, which has its limit; what is left goes with the next write. */
const AT_ONCE = 50;

interface Of {
  workspace_id: string;
  actor: string;
  on_behalf_of: string | null;
}

/**
 * Destroys the envelopes of versions that nobody rolls back to any more: all but the newest `keep` and those that the slot
 * names. What is left of each is its row and, in one entry, the digest of the envelope that it had. While a rotation runs
 * nothing is destroyed: its proofs need the values it began with. The slot is locked by the caller.
 */
export async function pruneVersions(
  tx: Tx,
  by: Of,
  { slot, keep = VERSIONS_KEPT, now }: { slot: string; keep?: number; now: string },
): Promise<number> {
  const destroyed = await rows<{ version: number; envelope_sha256: string }>(
    tx,
    `WITH kept AS (SELECT version FROM secret_versions WHERE workspace_id = $1 AND slot = $2 ORDER BY version DESC LIMIT $3),
      old AS (SELECT v.version, v.envelope FROM secret_versions v JOIN secret_slots s USING (workspace_id, slot)
        WHERE v.workspace_id = $1 AND v.slot = $2 AND v.destroyed_at IS NULL
          AND v.version <> s.current_version AND v.version IS DISTINCT FROM s.staged_version
          AND v.version IS DISTINCT FROM s.previous_version AND v.version NOT IN (SELECT version FROM kept)
          AND NOT EXISTS (SELECT 1 FROM rotations WHERE finished_at IS NULL)
        ORDER BY v.version LIMIT ${AT_ONCE})
      UPDATE secret_versions v SET envelope = NULL, destroyed_at = $4::timestamptz FROM old
        WHERE v.workspace_id = $1 AND v.slot = $2 AND v.version = old.version
        RETURNING v.version, encode(sha256(convert_to(old.envelope, 'UTF8')), 'hex') AS envelope_sha256`,
    [by.workspace_id, slot, keep, now],
  );
  if (destroyed.length === 0) return 0;
  const entry: EntryDraft = {
    workspace_id: by.workspace_id,
    at: now,
    actor: by.actor,
    on_behalf_of: by.on_behalf_of,
    action: 'secret_versions_destroyed',
    object: `secret/${slot}`,
    record_hash: null,
    record_version: null,
    detail: { versions: destroyed.sort((a, b) => a.version - b.version).map((v) => ({ ...v })) },
    policy_digest: null,
  };
  await writeEntries(tx, [entry]);
  return destroyed.length;
}
