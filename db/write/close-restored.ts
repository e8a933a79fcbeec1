import { rows } from '../client.ts';
import type { Tx } from '../transaction.ts';
import { writeEntries } from './ledger.ts';
import { addNotifications } from './notifications.ts';

interface By {
  workspace_id: string;
  actor: string;
  on_behalf_of: string | null;
}

/**
 * What a record that was restored may not be believed about. Revocations of after the backup are not in it, and whoever took
 * what it was restored after has its values: so every lease ends, every token that was issued is disabled, and every value
 * counts as exposed until it is rotated. New tokens are issued on the machine, where no token is asked for.
 */
export async function closeRestored(tx: Tx, by: By, { origin, now }: { origin: string; now: string }): Promise<void> {
  const { rowCount: slots } = await tx.query(
    `UPDATE secret_slots SET lease_epoch = lease_epoch + 1, epoch_reason = 'restored', epoch_at = $1`,
    [now],
  );
  const { rowCount: exposed } = await tx.query(
    'UPDATE secret_versions SET exposed_since = $1 WHERE destroyed_at IS NULL AND exposed_since IS NULL',
    [now],
  );
  // Without this the trigger takes it for a change that somebody made with psql.
  await tx.query(`SELECT set_config('interlock.command', pg_current_xact_id()::text, true)`);
  const disabled = await rows<{ n: number }>(
    tx,
    `WITH d AS (UPDATE api_tokens SET disabled = 1, disabled_at = $1, disabled_by = 'restore-promote' WHERE disabled = 0 RETURNING 1)
      SELECT count(*)::int4 AS n FROM d`,
    [now],
  );
  const tokens_disabled = disabled[0]?.n ?? 0;
  await writeEntries(tx, [
    {
      workspace_id: by.workspace_id,
      at: now,
      actor: by.actor,
      on_behalf_of: by.on_behalf_of,
      action: 'restore_closed',
      object: `log/${origin}`,
      record_hash: null,
      record_version: null,
      detail: { slots, versions_exposed: exposed, tokens_disabled },
      policy_digest: null,
    },
  ]);
  await addNotifications(tx, [
    {
      workspace_id: by.workspace_id,
      actor: by.actor,
      on_behalf_of: by.on_behalf_of,
      kind: 'alert',
      incident_id: null,
      severity: 'high',
      message: `a restored record goes on as ${origin}: ${tokens_disabled} tokens disabled, leases of ${slots ?? 0} slots ended; rotate what it holds`,
      created_at: now,
    },
  ]);
}
