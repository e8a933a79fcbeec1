import { relative } from 'node:path';
import { StepFailure } from '../../../activities/rotation/strategy.ts';
import type { RotationStrategy, StepContext, StepResult } from '../../../activities/rotation/strategy.ts';
import { defaultMasterKeyFile } from '../../../config/master-key.ts';
import type { MasterKey } from '../../../config/master-key.ts';
import {
  beginMigration,
  endTurnedBack,
  finishMigration,
  judgeMigration,
  reopenMigration,
  rewrapRows,
  turnBack,
} from '../../../db/command/migrate-master-key.ts';
import type { Migrated, Migration } from '../../../db/command/migrate-master-key.ts';
import { wrappedRows, wrappingKeyIds } from '../../../db/read/wrapped-rows.ts';
import { openDataKey } from '../../../db/secrets/envelope.ts';
import { loadWrappedColumns } from '../../../db/secrets/wrapped-columns.ts';
import type { WrappedColumn } from '../../../db/secrets/wrapped-columns.ts';
import { SecretsError } from '../../../db/secrets-error.ts';
import { backupDigest, backupPath, BackupError, verifyBackup, writeBackup } from '../master-key/backup.ts';
import { freshStart } from '../master-key/fresh-start.ts';
import { keyFiles } from '../master-key/key-files.ts';
import type { KeyFiles } from '../master-key/key-files.ts';
import type { StrategyDeps } from '../strategies.ts';

/** Rows that one step takes before it is recorded; well within the time that a step has. */
const PART = 10_000;

/**
 * The master key: a backup of every wrapped data key that was read back and opened, then each is wrapped anew, in parts,
 * while processes hold both keys; only when the new one wraps every row is the database bound to it and the file replaced.
 * The key is the one in `<file>.next`, which is made where nobody gave one.
 */
function masterKeyMigration(deps: StrategyDeps, columns: readonly WrappedColumn[]): RotationStrategy {
  const { db, stateRoot, databaseUrl } = deps;
  const files = (): KeyFiles => {
    // A variable cannot be replaced under a running process, nor kept in step with a file.
    if (deps.masterKeyInEnvironment !== undefined) throw new StepFailure('master_key_in_environment');
    return keyFiles(deps.masterKeyFile ?? defaultMasterKeyFile(stateRoot));
  };

  return {
    row: 'master_key',
    inspect: async (context) => {
      const at = files();
      const { key_id } = at.current();
      const next = at.next()?.key_id;
      if (next === key_id) throw new StepFailure('next_key_same');
      const m = { ...migration(context), old_key_id: key_id, new_key_id: next ?? '' };
      allowed(await judgeMigration(db, m, columns));
      return { evidence: { key_id, tables: columns.map(({ table }) => table) }, memory: { old_key_id: key_id } };
    },
    stage: (context) => known(() => stage(context)),
    cut_over: async (context) => {
      await requireBackup(context);
      allowed(await finishMigration(db, migration(context), columns));
      const { new_key_id } = migration(context);
      await files().cutOver(new_key_id);
      return { evidence: { key_id: new_key_id } };
    },
    prove_new: (context) => known(() => proveNew(context)),
    prove_old: async (context) => {
      const { old_key_id } = migration(context);
      const at = files();
      if (at.previous()?.key_id !== old_key_id) throw new StepFailure('previous_key_missing');
      if ((await wrappingKeyIds(db, columns)).has(old_key_id)) throw new StepFailure('rows_left');
      const started = await freshStart(databaseUrl, `${at.path}.previous`);
      if (!('code' in started)) throw new StepFailure('old_accepted');
      return { evidence: { key_id: old_key_id, rows: 0, start: started.code } };
    },
    revoke: async ({ rotation_id, memory }) => {
      await files().dropPrevious();
      const { backup_sha256, backup_rows } = memory;
      return {
        evidence: { backup: relative(stateRoot, backupPath(stateRoot, rotation_id)), backup_sha256, backup_rows },
      };
    },
    undo: (step, context) => known(() => (step === 'cut_over' ? putBack(context) : undoStage(context))),
  };

  /** Nothing is cut without the backup that was verified. */
  async function requireBackup({ rotation_id, memory }: StepContext): Promise<void> {
    const sha256 = await backupDigest(backupPath(stateRoot, rotation_id)).catch(() => undefined);
    if (sha256 === undefined || sha256 !== memory['backup_sha256']) throw new StepFailure('backup_changed');
  }

  /** One part: the key, then the backup, then so many rows. */
  async function stage(context: StepContext): Promise<StepResult> {
    const { rotation_id, memory } = context;
    const at = files();
    if (memory['new_key_id'] === undefined) {
      at.makeNext();
      const { key_id } = staged(at);
      return { more: true, evidence: { key_id }, memory: { new_key_id: key_id } };
    }
    const m = migration(context);
    const { from, to } = keys(at, m);
    if (memory['backup_sha256'] === undefined) {
      allowed(await beginMigration(db, m, columns));
      const path = backupPath(stateRoot, rotation_id);
      const ring = { ...from, others: [to] };
      const written = await writeBackup(db, path, { ring, rotation_id }, columns);
      const { rows, sha256 } = await verifyBackup(path, ring, columns);
      if (sha256 !== written.sha256 || rows !== written.rows) throw new StepFailure('backup_not_verified');
      const kept = { backup_sha256: sha256, backup_rows: rows };
      return { more: true, evidence: { backup: relative(stateRoot, path), ...kept }, memory: kept };
    }
    const rows = await rewrapRows(db, m, { from, to, limit: PART }, columns);
    return { more: rows === PART, evidence: { rows }, memory: { rows: Number(memory['rows'] ?? 0) + rows } };
  }

  /** So many rows of one table after those of the part before; at the end a start with the new key's file. */
  async function proveNew({ memory }: StepContext): Promise<StepResult> {
    const at = files();
    const ring = at.current();
    if (ring.key_id !== memory['new_key_id']) throw new StepFailure('key_file_changed');
    const ids = [...(await wrappingKeyIds(db, columns))];
    if (ids.some((id) => id !== ring.key_id)) throw new StepFailure('rows_left');
    const index = Number(memory['proved_tables'] ?? 0);
    const rows = Number(memory['proved_rows'] ?? 0);
    const column = columns[index];
    if (column !== undefined) {
      const from = memory['proved_after'];
      const after = typeof from === 'string' && from !== '' ? (JSON.parse(from) as string[]) : undefined;
      const page = await wrappedRows(db, column, { key_id: ring.key_id, after, limit: PART });
      for (const { key, wrapped } of page) openDataKey(ring, column.place(key), wrapped);
      const last = page.length < PART;
      const proved_after = last ? '' : JSON.stringify(page.at(-1)?.key);
      const proved = { proved_tables: last ? index + 1 : index, proved_after, proved_rows: rows + page.length };
      return { more: true, evidence: { table: column.table, rows: page.length }, memory: proved };
    }
    const started = await freshStart(databaseUrl, at.path);
    if (!('key_id' in started) || started.key_id !== ring.key_id) throw new StepFailure('new_refused');
    return { evidence: { rows, start: started.key_id } };
  }

  async function putBack(context: StepContext): Promise<StepResult> {
    const m = migration(context);
    // The file first: with both keys beside each other a process starts whichever of them the database is bound to.
    await files().putBack(m.old_key_id);
    allowed(await reopenMigration(db, m));
    return { evidence: { key_id: m.old_key_id } };
  }

  async function undoStage(context: StepContext): Promise<StepResult> {
    // Without a key on record nothing was begun; a file that is there may be an operator's.
    if (context.memory['new_key_id'] === undefined) return {};
    const at = files();
    const m = migration(context);
    allowed(await turnBack(db, m));
    if ((await wrappingKeyIds(db, columns)).has(m.new_key_id)) {
      const { from, to } = keys(at, m);
      const rows = await rewrapRows(db, m, { from: to, to: from, limit: PART }, columns);
      if (rows === PART) return { more: true, evidence: { rows } };
    }
    allowed(await endTurnedBack(db, m, columns));
    await at.discard(m);
    return {};
  }
}

const migration = ({ rotation_id, workspace_id, requested_by, memory }: StepContext): Migration => ({
  rotation_id,
  workspace_id,
  on_behalf_of: requested_by,
  old_key_id: String(memory['old_key_id']),
  new_key_id: String(memory['new_key_id']),
});

function staged(at: KeyFiles): MasterKey {
  const next = at.next();
  if (next === undefined) throw new StepFailure('staged_key_changed');
  return next;
}

/** Both keys, while the old one's file is in its place. */
function keys(at: KeyFiles, { old_key_id, new_key_id }: Pick<Migration, 'old_key_id' | 'new_key_id'>) {
  const from = at.current();
  const to = staged(at);
  if (from.key_id !== old_key_id) throw new StepFailure('key_file_changed');
  if (to.key_id !== new_key_id) throw new StepFailure('staged_key_changed');
  return { from, to };
}

function allowed(migrated: Migrated): void {
  if (!migrated.ok) throw new StepFailure(migrated.code);
}

/** What does not open is said by its code, with the row where it lies. */
async function known(work: () => Promise<StepResult>): Promise<StepResult> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof SecretsError) throw new StepFailure(error.code, { evidence: { said: error.message } });
    if (error instanceof BackupError) throw new StepFailure('backup_not_verified');
    throw error;
  }
}

const columns = await loadWrappedColumns();

export const createStrategies = (deps: StrategyDeps): RotationStrategy[] => [masterKeyMigration(deps, columns)];
