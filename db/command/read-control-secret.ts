import type { SecretVersion } from '../../domain/secret/secret-ref.ts';
import { prepared } from '../client.ts';
import { openDataKey, openSecret } from '../secrets/envelope.ts';
import { SecretsError } from '../secrets-error.ts';
import { transaction } from '../transaction.ts';
import { writeEntries } from '../write/ledger.ts';
import type { SlotRow } from '../write/secrets.ts';
import type { SecretsDeps } from './set-secret.ts';

export interface ControlRead {
  workspace_id: string;
  slot: string;
  /** Which worker reads, and for what: both stand in the entry. */
  actor: string;
  purpose: string;
  /** `previous`: the version before the current one, while a rotation overlaps; a number: that version, for a rotation. */
  which?: SecretVersion | number;
}

export interface ControlSecret {
  version: number;
  /** The value; whoever asked zeroes it after use. */
  value: Buffer;
}

interface Row extends Pick<SlotRow, 'class' | 'wrapped_key'> {
  version: number;
  envelope: string;
  now: string;
}

/**
 * The value of a `control` slot, for a worker: never leased, readable while the vault is closed, or containment could not
 * be signed. Each read is an entry `secret_read`, written before the value is handed out. Errors: SecretsError
 * master_key_missing, master_key_mismatch, secret_not_found, secret_not_control, secret_unreadable.
 */
export async function readControlSecret(
  { db, masterKey }: SecretsDeps,
  { workspace_id, slot, actor, purpose, which = 'current' }: ControlRead,
): Promise<ControlSecret> {
  const master = masterKey();
  return transaction(db, async (tx) => {
    const [row] = await prepared<Row>(
      tx,
      'secret-control-read',
      `SELECT s.class, s.wrapped_key, v.version, v.envelope, date_trunc('milliseconds', clock_timestamp()) AS now
        FROM secret_slots s JOIN secret_versions v ON v.workspace_id = s.workspace_id AND v.slot = s.slot
          AND v.version = coalesce($4::int4, CASE WHEN $3 THEN s.previous_version ELSE s.current_version END)
        WHERE s.workspace_id = $1 AND s.slot = $2 AND v.envelope IS NOT NULL`,
      [workspace_id, slot, which === 'previous', typeof which === 'number' ? which : null],
    );
    if (row === undefined) throw new SecretsError('secret_not_found', which === 'current' ? slot : `${slot}@${which}`);
    if (row.class !== 'control') throw new SecretsError('secret_not_control', slot);
    const at = { workspace_id, slot };
    const value = openSecret(openDataKey(master, at, row.wrapped_key), at, row.version, row.envelope);
    try {
      await writeEntries(tx, [
        {
          workspace_id,
          at: row.now,
          actor,
          on_behalf_of: null,
          action: 'secret_read',
          object: `secret/${slot}`,
          record_hash: null,
          record_version: row.version,
          detail: { version: row.version, purpose },
          policy_digest: null,
        },
      ]);
    } catch (error) {
      value.fill(0);
      throw error;
    }
    return { version: row.version, value };
  });
}
