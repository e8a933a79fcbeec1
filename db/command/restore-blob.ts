import { digestName } from '../../domain/registry/digest.ts';
import { one } from '../client.ts';
import type { Database } from '../client.ts';
import { transaction } from '../transaction.ts';
import { awaitStore, lockDigest, registryEntry } from '../write/registry.ts';
import type { Caller } from './caller.ts';
import { endUpload, lockUpload } from './uploads.ts';

/** Bytes whose digest fits; `replace` gives them their name in place of what is there. */
export interface RestoredBlob {
  /** Hex SHA-256. */
  digest: string;
  bytes: number;
  /** Whose bytes they are; undefined: those of an older version. */
  upload_id: string | undefined;
  replace: () => Promise<void>;
}

/**
 * Puts a blob of a workspace back in its place while no one collects it, has it served again, and ends the upload that its
 * bytes came by: one transaction, with an entry `blob_restored`. Undefined: the blob or the upload is gone by now. Errors: those of `replace`.
 */
export async function restoreBlob(db: Database, by: Caller, blob: RestoredBlob): Promise<true | undefined> {
  const { digest, bytes, upload_id, replace } = blob;
  return transaction(db, async (tx) => {
    if (upload_id !== undefined && (await lockUpload(tx, by.workspace_id, upload_id)) === undefined) return undefined;
    const at = await lockDigest(tx, digest);
    const found = await one<{ broken: string | null }>(
      tx,
      'SELECT broken FROM registry_blobs WHERE workspace_id = $1 AND digest = $2 FOR UPDATE',
      [by.workspace_id, digest],
    );
    if (found === undefined) return undefined;
    await awaitStore(tx, bytes);
    await replace();
    await tx.query('UPDATE registry_blobs SET broken = NULL WHERE workspace_id = $1 AND digest = $2', [
      by.workspace_id,
      digest,
    ]);
    const from = upload_id === undefined ? { from: 'version' } : { from: 'upload', upload_id };
    await registryEntry(tx, by, {
      at,
      action: 'blob_restored',
      object: `blob/${digestName(digest)}`,
      detail: { bytes, ...from },
    });
    if (upload_id !== undefined) await endUpload(tx, by, upload_id, at, 'upload_completed');
    return true;
  });
}
