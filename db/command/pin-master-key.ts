import { one } from '../client.ts';
import type { Queryable } from '../client.ts';
import { keyOf } from '../secrets/envelope.ts';
import type { KeyRing } from '../secrets/envelope.ts';
import { SecretsError } from '../secrets-error.ts';
import { together } from '../together.ts';
import type { Tx } from '../transaction.ts';
import { writeEntries } from '../write/ledger.ts';
import { INSTANCE } from './caller.ts';
import type { Caller } from './caller.ts';

/**
 * The key of this process, with the next or the one before while a migration moves data keys; asked for at each use, for
 * its file may have been replaced. Throws SecretsError `master_key_missing` where none is configured.
 */
export type MasterKeySource = () => KeyRing;

/** The id of the key that this database is bound to; undefined before its first secret. */
export async function pinnedMasterKey(db: Queryable): Promise<string | undefined> {
  const row = await one<{ key_id: string }>(db, 'SELECT key_id FROM master_keys WHERE workspace_id = $1', [INSTANCE]);
  return row?.key_id;
}

/** A master key is never swapped under a running record. Errors: SecretsError master_key_mismatch. */
export function requirePinned(pinned: string | undefined, ring: KeyRing): void {
  if (pinned !== undefined && keyOf(ring, pinned) === undefined)
    throw new SecretsError(
      'master_key_mismatch',
      `this database is bound to the key ${pinned}, configured is ${ring.key_id}; give back the original key`,
    );
}

/** What keeps the key of new data keys as it is until a transaction ends; a migration takes it alone. */
export const MASTER_KEY_LOCK = `hashtext('master_key')`;

/**
 * Binds the database to the key at its first use, and says what wraps a new data key in this transaction: the ring with
 * that key first. While a migration is under way that is the next one. Errors: SecretsError master_key_mismatch.
 */
export async function pinMasterKey(tx: Tx, ring: KeyRing, by: Caller, now: string): Promise<KeyRing> {
  const [, found] = await together([
    tx.query(`SELECT pg_advisory_xact_lock_shared(${MASTER_KEY_LOCK})`),
    one<{ id: string }>(tx, 'SELECT coalesce(next_key_id, key_id) AS id FROM master_keys WHERE workspace_id = $1', [
      INSTANCE,
    ]),
  ]);
  const id = found?.id ?? (await bind(tx, ring, by, now));
  requirePinned(id, ring);
  const wraps = id === undefined ? undefined : keyOf(ring, id);
  if (wraps === undefined) return ring;
  const { key_id, key } = wraps;
  return { ...ring, key_id, key, others: [ring, ...(ring.others ?? [])] };
}

/** The id of the key that the database is bound to from now on: this one's, or that of whoever was first. */
async function bind(tx: Tx, { key_id }: KeyRing, by: Caller, now: string): Promise<string | undefined> {
  const { rowCount } = await tx.query({
    name: 'master-key-pin',
    text: `INSERT INTO master_keys (workspace_id, key_id, pinned_at, actor, on_behalf_of) VALUES ($1, $2, $3, $4, $5)
      ON CONFLICT (workspace_id) DO NOTHING`,
    values: [INSTANCE, key_id, now, by.actor, by.on_behalf_of],
  });
  if (rowCount === 0) return pinnedMasterKey(tx);
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
  return key_id;
}

/** How a process comes by its master key. */
export interface MasterKeyOrigin {
  /** The configured key as it is now, or undefined where there is none. */
  read: () => KeyRing | undefined;
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
  const first = read();
  if (first !== undefined) requirePinned(pinned, first);
  return () => {
    const key = read();
    if (key === undefined)
      throw new SecretsError('master_key_missing', pinned === undefined ? undefined : `the record needs ${pinned}`);
    return key;
  };
}
