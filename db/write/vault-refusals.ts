import type { Tx } from '../transaction.ts';
import { addNotifications } from './notifications.ts';

/**
 * Tells operators that the closed vault keeps a slot from its subjects: once per slot and state of the vault, not once per
 * refusal.
 */
export async function alertRefused(
  tx: Tx,
  { workspace_id, slot, generation, now }: { workspace_id: string; slot: string; generation: number; now: string },
): Promise<void> {
  const { rowCount } = await tx.query({
    name: 'vault-refusal-alert',
    text: `UPDATE secret_slots SET alerted_generation = $3 WHERE workspace_id = $1 AND slot = $2
      AND alerted_generation IS DISTINCT FROM $3`,
    values: [workspace_id, slot, generation],
  });
  if (rowCount === 0) return;
  await addNotifications(tx, [
    {
      workspace_id,
      kind: 'alert',
      incident_id: null,
      severity: 'high',
      message: `the vault is closed: leases of the slot ${slot} are refused`,
      created_at: now,
      actor: 'vault',
      on_behalf_of: null,
    },
  ]);
}
