import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Queryable } from '../../../db/client.ts';
import { wrappedRows } from '../../../db/read/wrapped-rows.ts';
import { openDataKey } from '../../../db/secrets/envelope.ts';
import type { KeyRing } from '../../../db/secrets/envelope.ts';
import type { WrappedColumn } from '../../../db/secrets/wrapped-columns.ts';
import { moveOver } from '../token-file.ts';

const FORMAT = 'interlock-master-key-backup/v1';
const PRIVATE = 0o600;
const PAGE = 1000;

/** Where the wrapped data keys of before a migration are kept: JSON lines, a head, one line of each row, their number. */
export const backupPath = (stateRoot: string, rotation_id: string): string =>
  join(stateRoot, 'backups', `master-key-${rotation_id}.jsonl`);

/** One wrapped data key as it was. */
export interface BackedUp {
  table: string;
  key: string[];
  wrapped: string;
}

export interface Backup {
  rows: number;
  /** SHA-256 of the file, hex. */
  sha256: string;
}

/** On the disk, whole and for its owner alone, when this returns: every row that a key of the ring wraps. */
export async function writeBackup(
  db: Queryable,
  path: string,
  { ring, rotation_id }: { ring: KeyRing; rotation_id: string },
  columns: readonly WrappedColumn[],
): Promise<Backup> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.draft`;
  await rm(draft, { force: true });
  const file = await open(draft, 'wx', PRIVATE);
  const sum = createHash('sha256');
  let rows = 0;
  const add = async (lines: object[]): Promise<void> => {
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    sum.update(text);
    await file.writeFile(text);
  };
  const key_ids = [ring, ...(ring.others ?? [])].map(({ key_id }) => key_id);
  try {
    await add([{ format: FORMAT, rotation_id, key_ids, tables: columns.map(({ table }) => table) }]);
    for (const column of columns)
      for (const key_id of key_ids)
        for (let after: string[] | undefined, more = true; more;) {
          const page = await wrappedRows(db, column, { key_id, after, limit: PAGE });
          await add(page.map(({ key, wrapped }): BackedUp => ({ table: column.table, key, wrapped })));
          rows += page.length;
          after = page.at(-1)?.key;
          more = page.length === PAGE;
        }
    await add([{ rows }]);
    await file.sync();
  } finally {
    await file.close();
  }
  await moveOver(draft, path);
  return { rows, sha256: sum.digest('hex') };
}

/** SHA-256 of a backup as it lies on the disk, hex. */
export async function backupDigest(path: string): Promise<string> {
  const sum = createHash('sha256');
  for await (const chunk of createReadStream(path)) sum.update(chunk as Buffer);
  return sum.digest('hex');
}

/** A backup that is not what was written. */
export class BackupError extends Error {
  override readonly name = 'BackupError';
}

/** The rows of a backup, from its head to its number of rows; throws BackupError where one of them is missing. */
export async function* readBackup(path: string): AsyncGenerator<BackedUp> {
  let rows = -1;
  let said: number | undefined;
  for await (const text of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    const line = JSON.parse(text) as Partial<BackedUp> & { format?: string; rows?: number };
    if (rows === -1 && line.format !== FORMAT) throw new BackupError('no backup of wrapped keys');
    if (said !== undefined) throw new BackupError('lines after the last');
    rows += 1;
    const { table, key, wrapped } = line;
    if (table !== undefined && key !== undefined && wrapped !== undefined) yield { table, key, wrapped };
    else if (rows > 0) said = line.rows;
  }
  if (said === undefined || said !== rows - 1) throw new BackupError('not complete');
}

/**
 * Reads a backup back from the disk and opens each of its keys. Errors: BackupError; SecretsError master_key_mismatch,
 * secret_unreadable.
 */
export async function verifyBackup(path: string, ring: KeyRing, columns: readonly WrappedColumn[]): Promise<Backup> {
  const sha256 = await backupDigest(path);
  let rows = 0;
  for await (const { table, key, wrapped } of readBackup(path)) {
    const column = columns.find((each) => each.table === table);
    if (column === undefined) throw new BackupError(`${table} is not known`);
    openDataKey(ring, column.place(key), wrapped);
    rows += 1;
  }
  return { rows, sha256 };
}
