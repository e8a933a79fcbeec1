import { one } from '../client.ts';
import type { Tx } from '../transaction.ts';
import { openDataKey, openSecret } from '../secrets/envelope.ts';
import type { KeyRing } from '../secrets/envelope.ts';
import { writeEntries } from '../write/ledger.ts';
import { lockSlot, writeVersion } from '../write/secrets.ts';
import type { SlotRow, WrittenVersion } from '../write/secrets.ts';
import type { Caller } from './caller.ts';
import { decideOnce } from './decide-once.ts';
import type { Reused } from './decide-once.ts';
import type { DecisionKey } from './decisions.ts';
import { secretEntry } from './secret-entry.ts';
import type { SecretsDeps } from './set-secret.ts';

export type SecretRolledBack =
  | ({ ok: true; rolled_back_to: number } & WrittenVersion)
  | { ok: false; code: 'secret_not_found' | 'secret_version_not_found' }
  | Reused;

/**
 * Brings the value of an earlier version back, as a new version: history only grows, and the slot's live leases end. A value
 * that was exposed then is exposed again. Errors: SecretsError master_key_missing, master_key_mismatch, secret_unreadable.
 */
export async function rollBackSecret(
  { db, masterKey }: SecretsDeps,
  by: Caller,
  { slot, version, key }: { slot: string; version: number; key: DecisionKey },
): Promise<SecretRolledBack> {
  const master = masterKey();
  const once = { workspace_id: by.workspace_id, aggregate: `secret/${slot}`, kind: 'rollback', key };
  return decideOnce<SecretRolledBack>(db, by, once, async (tx, now) => {
    const known = await lockSlot(tx, by.workspace_id, slot);
    if (known === undefined) return { ok: false, code: 'secret_not_found' };
    const earlier =
      version !== known.current_version && version !== known.staged_version
        ? await earlierValue(tx, master, known, version)
        : undefined;
    if (earlier === undefined) return { ok: false, code: 'secret_version_not_found' };
    try {
      const asked = { slot, rolled_back_to: version, ...earlier };
      const written = await writeVersion(tx, master, by, asked, now);
      // Without a class of its own the request cannot ask for another one.
      if (written === null) throw new Error('a rollback names no class');
      const detail = { ...written, rolled_back_to: version };
      const entry = {
        at: now,
        action: 'secret_rolled_back',
        object: `secret/${slot}`,
        version: written.version,
        detail,
      };
      await writeEntries(tx, [secretEntry(by, entry)]);
      return { ok: true, ...detail };
    } finally {
      earlier.value.fill(0);
    }
  });
}

async function earlierValue(tx: Tx, master: KeyRing, slot: SlotRow, version: number) {
  const row = await one<{ envelope: string | null; exposed_since: string | null }>(
    tx,
    'SELECT envelope, exposed_since FROM secret_versions WHERE workspace_id = $1 AND slot = $2 AND version = $3',
    [slot.workspace_id, slot.slot, version],
  );
  if (row?.envelope == null) return undefined;
  const value = openSecret(openDataKey(master, slot, slot.wrapped_key), slot, version, row.envelope);
  return { value, exposed_since: row.exposed_since };
}
