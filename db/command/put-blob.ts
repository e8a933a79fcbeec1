import { digestName } from '../../domain/registry/digest.ts';
import { one } from '../client.ts';
import type { Database } from '../client.ts';
import { transaction } from '../transaction.ts';
import type { Tx } from '../transaction.ts';
import { awaitStore, lockDigest, registryEntry } from '../write/registry.ts';
import type { Caller } from './caller.ts';

/** Bytes that were received and whose digest fits; `keep` gives them their name in the store, and may be repeated. */
export interface ReceivedBlob {
  /** Hex SHA-256. */
  digest: string;
  bytes: number;
  keep: () => Promise<'stored' | 'present'>;
}

export interface BlobPut {
  /** Whether the workspace had not put it before. */
  created: boolean;
  put_at: string;
}

/**
 * Puts a blob into a workspace: its bytes get their name while no one collects them, then the row and an entry `blob_put`.
 * Errors: those of `keep`.
 */
export const putBlob = (db: Database, by: Caller, blob: ReceivedBlob): Promise<BlobPut> =>
  transaction(db, (tx) => writeBlob(tx, by, blob));

export async function writeBlob(tx: Tx, by: Caller, { digest, bytes, keep }: ReceivedBlob): Promise<BlobPut> {
  const put_at = await lockDigest(tx, digest);
  await awaitStore(tx, bytes);
  await keep();
  const before = await one<{ put_at: string }>(
    tx,
    'SELECT put_at FROM registry_blobs WHERE workspace_id = $1 AND digest = $2 FOR UPDATE',
    [by.workspace_id, digest],
  );
  const values = [by.workspace_id, digest, put_at];
  if (before === undefined)
    await tx.query(
      `INSERT INTO registry_blobs (workspace_id, digest, first_put_at, put_at, bytes, actor, on_behalf_of)
        VALUES ($1, $2, $3, $3, $4, $5, $6)`,
      [...values, bytes, by.actor, by.on_behalf_of],
    );
  else
    await tx.query(
      'UPDATE registry_blobs SET put_at = $3, broken = NULL WHERE workspace_id = $1 AND digest = $2',
      values,
    );
  const created = before === undefined;
  await registryEntry(tx, by, {
    at: put_at,
    action: 'blob_put',
    object: `blob/${digestName(digest)}`,
    detail: { bytes, repeated: !created },
  });
  return { created, put_at };
}
