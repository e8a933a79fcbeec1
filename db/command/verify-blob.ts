import { digestName } from '../../domain/registry/digest.ts';
import type { Database } from '../client.ts';
import { transaction } from '../transaction.ts';
import { databaseNow, registryEntry } from '../write/registry.ts';
import type { Caller } from './caller.ts';

export type BlobState = 'intact' | 'blob_missing' | 'blob_corrupt';

/**
 * Records what a look at a blob found: one that is broken is not served until another look finds it whole. Who looked gets
 * an entry each time; a reader who came upon it, only where it was not known.
 */
export async function recordBlobState(
  db: Database,
  by: Caller,
  { digest, state, asked }: { digest: string; state: BlobState; asked: boolean },
): Promise<void> {
  await transaction(db, async (tx) => {
    const at = await databaseNow(tx);
    const { rowCount } = await tx.query(
      `UPDATE registry_blobs SET broken = $3 WHERE workspace_id = $1 AND digest = $2 AND broken IS DISTINCT FROM $3`,
      [by.workspace_id, digest, state === 'intact' ? null : state],
    );
    if (!asked && rowCount === 0) return;
    await registryEntry(tx, by, {
      at,
      action: state === 'intact' ? 'blob_verified' : 'blob_found_broken',
      object: `blob/${digestName(digest)}`,
      detail: { state },
    });
  });
}
