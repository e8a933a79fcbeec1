import { one } from '../client.ts';
import type { Queryable } from '../client.ts';
import type { NamedKey } from '../secrets/envelope.ts';
import { SecretsError } from '../secrets-error.ts';
import type { Tx } from '../transaction.ts';
import { writeEntries } from '../write/ledger.ts';
import { INSTANCE } from './caller.ts';
import type { Caller } from './caller.ts';

/** The key of this process; throws SecretsError `master_key_missing` where none is configured. */
export type MasterKeySource = () => NamedKey;

/** The id of the key that this database is bound to; undefined before its first secret. */
export async function pinnedMasterKey(db: Queryable): Promise<string | undefined> {
  const row = await one<{ key_id: string }>(db, 'SELECT key_id FROM master_keys WHERE workspace_id = $1', [INSTANCE]);
  return row?.key_id;
}

/** A master key is never swapped under a running record. Errors: SecretsError master_key_mismatch. */
export function requirePinned(pinned: string | undefined, key_id: string): void {
  if (pinned !== undefined && pinned !== key_id)
    throw new SecretsError(
      'master_key_mismatch',
      `this database is bound to the key ${pinned}, configured is ${key_id}; give back the original key`,
    );
}

/** Binds the database to the key at its first use. Errors: SecretsError master_key_mismatch. */
export async function pinMasterKey(tx: Tx, { key_id }: NamedKey, by: Caller, now: string): Promise<void> {
  const { rowCount } = await tx.query({
    name: 'master-key-pin',
    text: `INSERT INTO master_keys (workspace_id, key_id, pinned_at, actor, on_behalf_of) VALUES ($1, $2, $3, $4, $5)
      ON CONFLICT (workspace_id) DO NOTHING`,
    values: [INSTANCE, key_id, now, by.actor, by.on_behalf_of],
  });
  if (rowCount === 0) {
    requirePinned(await pinnedMasterKey(tx), key_id);
    return;
  }
  await writeEntries(tx, [
    {
      workspace_id: INSTANCE,
      at: now,
      actor: by.actor,
      on_behalf_of: by.on_behalf_of,
      action: 'master_key_pinned',
      object: `master-key/${key_id}`,
      record_hash: null,
      record_version: 1,
      detail: { key_id },
      policy_digest: null,
    },
  ]);
}

/** How a process comes by its master key. */
export interface MasterKeyOrigin {
  /** The configured key, or undefined where there is none. */
  read: () => NamedKey | undefined;
  /** Makes one where the embedded server may; never beside secrets that another key wraps. */
  create?: () => void;
}

/**
 * The master key of this process. Errors: SecretsError master_key_mismatch when the database is bound to another one, and
 * what `read` throws. Without a key the rest works, and each secret operation is refused with `master_key_missing`.
 */
export async function openMasterKey(db: Queryable, { read, create }: MasterKeyOrigin): Promise<MasterKeySource> {
  const pinned = await pinnedMasterKey(db);
  if (pinned === undefined) create?.();
  const key = read();
  if (key !== undefined) requirePinned(pinned, key.key_id);
  return () => {
    if (key === undefined)
      throw new SecretsError('master_key_missing', pinned === undefined ? undefined : `the record needs ${pinned}`);
    return key;
  };
}
