import { digestName } from '../../domain/registry/digest.ts';
import { one, rows } from '../client.ts';
import type { Database } from '../client.ts';
import { transaction } from '../transaction.ts';
import { databaseNow, lockDigest, registryEntry } from '../write/registry.ts';
import type { Caller } from './caller.ts';

/** What collects: nobody asked for it. */
const collector = (workspace_id: string): Caller => ({ workspace_id, actor: 'system', on_behalf_of: null });

interface Candidate {
  workspace_id: string;
  digest: string;
}

/** The statement that finds blobs which no bundle names and which were last put longer ago than the grace. */
export const collectableQuery = (graceMs: number, limit: number) => ({
  text: `SELECT workspace_id, digest FROM registry_blobs WHERE NOT referenced
      AND put_at < clock_timestamp() - make_interval(secs => $1) ORDER BY put_at LIMIT $2`,
  values: [graceMs / 1000, limit],
});

/**
 * Takes blobs off the record that nothing refers to, each with an entry `blob_collected`, and their bytes where no workspace
 * has them any more. `remove` runs while nobody can put the same digest. Returns how many there were.
 */
export async function collectBlobs(
  db: Database,
  { graceMs, limit, remove }: { graceMs: number; limit: number; remove: (digest: string) => Promise<unknown> },
): Promise<number> {
  const { text, values } = collectableQuery(graceMs, limit);
  const found = await rows<Candidate>(db, text, values);
  for (const { workspace_id, digest } of found) {
    await transaction(db, async (tx) => {
      const at = await lockDigest(tx, digest);
      const gone = await one<{ bytes: number }>(
        tx,
        `DELETE FROM registry_blobs WHERE workspace_id = $1 AND digest = $2 AND NOT referenced
          AND put_at < clock_timestamp() - make_interval(secs => $3) RETURNING bytes`,
        [workspace_id, digest, graceMs / 1000],
      );
      if (gone === undefined) return;
      const object = `blob/${digestName(digest)}`;
      await registryEntry(tx, collector(workspace_id), { at, action: 'blob_collected', object, detail: gone });
    });
    await transaction(db, async (tx) => {
      await lockDigest(tx, digest);
      const other = await one(tx, 'SELECT 1 FROM registry_blobs WHERE digest = $1 LIMIT 1', [digest]);
      if (other === undefined) await remove(digest);
    });
  }
  return found.length;
}

interface Over {
  workspace_id: string;
  upload_id: string;
  completed: boolean;
}

/**
 * Ends uploads whose time is over, and takes the parts of those that are complete: first the bytes, then the rows, so that a
 * part is never forgotten. One that was not complete leaves an entry `upload_expired`. Returns how many there were.
 */
export async function collectUploads(
  db: Database,
  { limit, remove }: { limit: number; remove: (key: string) => Promise<unknown> },
): Promise<number> {
  const over = await rows<Over>(
    db,
    `SELECT workspace_id, upload_id, completed_at IS NOT NULL AS completed FROM registry_uploads
      WHERE not_after < clock_timestamp() - interval '10 minutes' ORDER BY not_after LIMIT $1`,
    [limit],
  );
  for (const { workspace_id, upload_id, completed } of over)
    await transaction(db, async (tx) => {
      const key = [workspace_id, upload_id];
      await tx.query('SELECT 1 FROM registry_uploads WHERE workspace_id = $1 AND upload_id = $2 FOR UPDATE', key);
      const parts = await rows<{ key: string }>(
        tx,
        'DELETE FROM registry_upload_parts WHERE workspace_id = $1 AND upload_id = $2 RETURNING key',
        key,
      );
      for (const part of parts) await remove(part.key);
      await tx.query('DELETE FROM registry_uploads WHERE workspace_id = $1 AND upload_id = $2', key);
      if (completed) return;
      const at = await databaseNow(tx);
      const object = `upload/${upload_id}`;
      await registryEntry(tx, collector(workspace_id), { at, action: 'upload_expired', object, detail: {} });
    });
  return over.length;
}
