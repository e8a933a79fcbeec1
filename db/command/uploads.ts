import { randomUUID } from 'node:crypto';
import { digestName } from '../../domain/registry/digest.ts';
import { one, rows } from '../client.ts';
import type { Database, Queryable } from '../client.ts';
import { transaction } from '../transaction.ts';
import type { Tx } from '../transaction.ts';
import { databaseNow, registryEntry } from '../write/registry.ts';
import type { Caller } from './caller.ts';
import { writeBlob } from './put-blob.ts';
import type { BlobPut, ReceivedBlob } from './put-blob.ts';

/** How long an upload may take, seconds. */
export const UPLOAD_TTL_S = 86_400;
/** Uploads that a workspace may have open: each may fill the disk by as much as a blob may have. */
export const OPEN_UPLOADS = 32;

export interface Upload {
  upload_id: string;
  /** Hex. */
  digest: string;
  /** Of the whole. */
  bytes: number;
  /** Where the next part begins. */
  received: number;
  not_after: string;
  completed_at: string | null;
}

const SELECT = `SELECT upload_id, digest, bytes, received, not_after, completed_at FROM registry_uploads
  WHERE workspace_id = $1 AND upload_id = $2 AND not_after > clock_timestamp()`;

/** The same, until the transaction ends; undefined also where it is complete. */
export async function lockUpload(tx: Tx, workspace_id: string, upload_id: string): Promise<Upload | undefined> {
  const upload = await one<Upload>(tx, `${SELECT} FOR UPDATE`, [workspace_id, upload_id]);
  return upload?.completed_at === null ? upload : undefined;
}

/** An upload whose time is not over. */
export const findUpload = (db: Queryable, workspace_id: string, upload_id: string): Promise<Upload | undefined> =>
  one<Upload>(db, SELECT, [workspace_id, upload_id]);

const uploadEntry = (
  tx: Tx,
  by: Caller,
  at: string,
  action: string,
  { upload_id, ...detail }: { upload_id: string } & Record<string, unknown>,
): Promise<void> => registryEntry(tx, by, { at, action, object: `upload/${upload_id}`, detail });

/** Opens an upload; `too_many_requests` where the workspace has as many open as it may. */
export async function openUpload(
  db: Database,
  by: Caller,
  { digest, bytes }: { digest: string; bytes: number },
): Promise<({ ok: true } & Upload) | { ok: false; code: 'too_many_requests' }> {
  return transaction(db, async (tx) => {
    await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`uploads:${by.workspace_id}`]);
    const at = await databaseNow(tx);
    const open = await rows(
      tx,
      `SELECT 1 FROM registry_uploads WHERE workspace_id = $1 AND completed_at IS NULL LIMIT ${OPEN_UPLOADS}`,
      [by.workspace_id],
    );
    if (open.length === OPEN_UPLOADS) return { ok: false, code: 'too_many_requests' };
    const upload_id = `UPL-${randomUUID()}`;
    const values = [by.workspace_id, upload_id, digest, bytes, at, UPLOAD_TTL_S, by.actor, by.on_behalf_of];
    await tx.query(
      `INSERT INTO registry_uploads (workspace_id, upload_id, digest, bytes, opened_at, not_after, actor, on_behalf_of)
        VALUES ($1, $2, $3, $4, $5, $5::timestamptz + make_interval(secs => $6), $7, $8)`,
      values,
    );
    await uploadEntry(tx, by, at, 'upload_opened', { upload_id, digest: digestName(digest), bytes });
    const opened = await findUpload(tx, by.workspace_id, upload_id);
    if (opened === undefined) throw new Error('the upload is not there');
    return { ok: true, ...opened };
  });
}

export type PartAdded =
  | { ok: true; received: number }
  | { ok: false; code: 'upload_not_found' | 'upload_completed' }
  | { ok: false; code: 'upload_offset_mismatch'; received: number };

/**
 * Counts a part that was received and flushed: `keep` gives it its name, and only one that begins where the upload stands
 * is counted. Of two that were sent at once one is.
 */
export async function addPart(
  db: Database,
  by: Caller,
  part: { upload_id: string; start: number; bytes: number; key: string; keep: () => Promise<unknown> },
): Promise<PartAdded> {
  return transaction<PartAdded>(db, async (tx) => {
    const upload = await one<Upload>(tx, `${SELECT} FOR UPDATE`, [by.workspace_id, part.upload_id]);
    if (upload === undefined) return { ok: false, code: 'upload_not_found' };
    if (upload.completed_at !== null) return { ok: false, code: 'upload_completed' };
    const received = part.start + part.bytes;
    if (upload.received !== part.start || received > upload.bytes)
      return { ok: false, code: 'upload_offset_mismatch', received: upload.received };
    await part.keep();
    await tx.query(
      `INSERT INTO registry_upload_parts (workspace_id, upload_id, start, bytes, key, actor, on_behalf_of)
        VALUES ($1, $2, $3, $4, $5, $6, $7)`,
      [by.workspace_id, part.upload_id, part.start, part.bytes, part.key, by.actor, by.on_behalf_of],
    );
    await tx.query('UPDATE registry_uploads SET received = $3 WHERE workspace_id = $1 AND upload_id = $2', [
      by.workspace_id,
      part.upload_id,
      received,
    ]);
    const at = await databaseNow(tx);
    const { upload_id, start, bytes } = part;
    await uploadEntry(tx, by, at, 'upload_part_received', { upload_id, start, bytes });
    return { ok: true, received };
  });
}

/** The keys of an upload's parts, in order. A part has at least a MiB but for the last, so they are few. */
export const partsOf = async (db: Queryable, workspace_id: string, upload_id: string): Promise<string[]> =>
  (
    await rows<{ key: string }>(
      db,
      'SELECT key FROM registry_upload_parts WHERE workspace_id = $1 AND upload_id = $2 ORDER BY start',
      [workspace_id, upload_id],
    )
  ).map((part) => part.key);

/** Ends an upload with its blob put, once; null where it is over already. */
export async function completeUpload(
  db: Database,
  by: Caller,
  upload_id: string,
  blob: ReceivedBlob,
): Promise<BlobPut | null> {
  return transaction(db, async (tx) => {
    if ((await lockUpload(tx, by.workspace_id, upload_id)) === undefined) return null;
    const put = await writeBlob(tx, by, blob);
    await endUpload(tx, by, upload_id, put.put_at, 'upload_completed');
    return put;
  });
}

/** Gives up an upload whose bytes are not what its digest names: it could never be completed. */
export async function failUpload(db: Database, by: Caller, upload_id: string): Promise<void> {
  await transaction(db, async (tx) => {
    if ((await lockUpload(tx, by.workspace_id, upload_id)) === undefined) return;
    await tx.query(
      'UPDATE registry_uploads SET not_after = clock_timestamp() WHERE workspace_id = $1 AND upload_id = $2',
      [by.workspace_id, upload_id],
    );
    await endUpload(tx, by, upload_id, await databaseNow(tx), 'upload_failed');
  });
}

export async function endUpload(tx: Tx, by: Caller, upload_id: string, at: string, action: string): Promise<void> {
  // Its parts take as much room as the blob: they stay only as long as an answer that was lost is asked for again.
  await tx.query(
    `UPDATE registry_uploads SET completed_at = $3, not_after = least(not_after, $3::timestamptz + interval '10 minutes')
      WHERE workspace_id = $1 AND upload_id = $2`,
    [by.workspace_id, upload_id, at],
  );
  await uploadEntry(tx, by, at, action, { upload_id });
}
