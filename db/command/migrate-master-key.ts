import { one } from '../client.ts';
import type { Database } from '../client.ts';
import { wrappedRows, wrappingKeyIds } from '../read/wrapped-rows.ts';
import { rewrapDataKey } from '../secrets/envelope.ts';
import type { NamedKey } from '../secrets/envelope.ts';
import type { WrappedColumn } from '../secrets/wrapped-columns.ts';
import { SecretsError } from '../secrets-error.ts';
import { together } from '../together.ts';
import { transaction } from '../transaction.ts';
import type { Tx } from '../transaction.ts';
import { writeEntries } from '../write/ledger.ts';
import { replaceWrapped } from '../write/wrapped-rows.ts';
import { INSTANCE } from './caller.ts';
import type { Caller } from './caller.ts';
import { MASTER_KEY_LOCK } from './pin-master-key.ts';

/** A migration from one master key to another, and the rotation that it belongs to. */
export interface Migration {
  rotation_id: string;
  /** The workspace of the rotation. */
  workspace_id: string;
  on_behalf_of: string;
  old_key_id: string;
  new_key_id: string;
}

export type MigrationRefusal =
  'master_key_unused' | 'master_key_mismatch' | 'migration_running' | 'wrapped_by_other_key' | 'rows_left';
export type Migrated = { ok: true } | { ok: false; code: MigrationRefusal };

interface Pin {
  key_id: string;
  next_key_id: string | null;
  migration: string | null;
  now: string;
}

const ACTOR = 'token-rotation';
const refused = (code: MigrationRefusal): Migrated => ({ ok: false, code });

/** Alone with the pin: no data key is wrapped meanwhile. */
const withPin = (db: Database, work: (tx: Tx, pin: Pin | undefined) => Promise<Migrated>): Promise<Migrated> =>
  transaction(db, async (tx) => {
    await tx.query(`SELECT pg_advisory_xact_lock(${MASTER_KEY_LOCK})`);
    const pin = await one<Pin>(
      tx,
      `SELECT key_id, next_key_id, migration, date_trunc('milliseconds', clock_timestamp()) AS now
        FROM master_keys WHERE workspace_id = $1 FOR UPDATE`,
      [INSTANCE],
    );
    return work(tx, pin);
  });

const caller = ({ on_behalf_of }: Migration): Caller => ({ workspace_id: INSTANCE, actor: ACTOR, on_behalf_of });

/** A migration that was abandoned may be taken over, where both of its keys are at hand. */
async function judge(tx: Tx, m: Migration, pin: Pin | undefined, columns: readonly WrappedColumn[]): Promise<Migrated> {
  if (pin === undefined) return refused('master_key_unused');
  if (pin.key_id !== m.old_key_id) return refused('master_key_mismatch');
  if (pin.migration !== null && pin.migration !== m.rotation_id) {
    const running = await one(
      tx,
      `SELECT 1 FROM rotations WHERE workspace_id = ANY($1) AND rotation_id = $2 AND finished_at IS NULL`,
      [[m.workspace_id, INSTANCE, 'default'], pin.migration],
    );
    if (running !== undefined) return refused('migration_running');
  }
  const known = [m.old_key_id, m.new_key_id];
  const ids = [...(await wrappingKeyIds(tx, columns))];
  return ids.every((id) => known.includes(id)) ? { ok: true } : refused('wrapped_by_other_key');
}

/** Whether a migration could begin now; without a new key its id is ''. Changes nothing. */
export const judgeMigration = (db: Database, m: Migration, columns: readonly WrappedColumn[]): Promise<Migrated> =>
  withPin(db, (tx, pin) => judge(tx, m, pin, columns));

/** From here on new data keys are wrapped by the new key; the others stay as they are. May be repeated. */
export async function beginMigration(db: Database, m: Migration, columns: readonly WrappedColumn[]): Promise<Migrated> {
  return withPin(db, async (tx, pin) => {
    const judged = await judge(tx, m, pin, columns);
    if (!judged.ok || pin === undefined) return judged;
    if (pin.migration === m.rotation_id && pin.next_key_id === m.new_key_id) return judged;
    await setPin(tx, m, { key_id: m.old_key_id, next_key_id: m.new_key_id, migration: m.rotation_id });
    await writeEntries(tx, [entry(m, pin.now, 'master_key_migration_begun')]);
    return judged;
  });
}

/** Rows in one transaction; others that write to them wait that long. */
const BATCH = 500;

/**
 * Re-wraps up to `limit` data keys. Each batch and its entry are one transaction, and what is left is found by the key that
 * a row names, so whoever comes after a crash goes on at the next row. The number of rows done; fewer than `limit`: none is
 * left. Errors: those of `openDataKey`; what does not open under its key stays as it is. SecretsError master_key_mismatch
 * also where this migration, in this direction, is not the one under way: a worker that comes late wraps nothing.
 */
export async function rewrapRows(
  db: Database,
  m: Migration,
  { from, to, limit }: { from: NamedKey; to: NamedKey; limit: number },
  columns: readonly WrappedColumn[],
): Promise<number> {
  let done = 0;
  for (const column of columns) {
    let after: string[] | undefined;
    while (done < limit) {
      const batch = Math.min(BATCH, limit - done);
      const moved = await transaction(db, async (tx) => {
        await requireWraps(tx, m, to.key_id);
        const page = await wrappedRows(tx, column, { key_id: from.key_id, after, limit: batch, lock: true });
        if (page.length === 0) return page;
        const replaced = page.map(({ key, wrapped }) => ({
          key,
          wrapped: rewrapDataKey(from, to, column.place(key), wrapped),
        }));
        await replaceWrapped(tx, column, replaced);
        const now = await clock(tx);
        const detail = { table: column.table, rows: page.length, from: from.key_id, to: to.key_id };
        await writeEntries(tx, [entry(m, now, 'master_key_rewrapped', detail)]);
        return page;
      });
      done += moved.length;
      after = moved.at(-1)?.key;
      if (moved.length < batch) break;
    }
  }
  return done;
}

async function requireWraps(tx: Tx, m: Migration, key_id: string): Promise<void> {
  const [, pin] = await together([
    tx.query(`SELECT pg_advisory_xact_lock_shared(${MASTER_KEY_LOCK})`),
    one<{ id: string; migration: string | null }>(
      tx,
      'SELECT coalesce(next_key_id, key_id) AS id, migration FROM master_keys WHERE workspace_id = $1',
      [INSTANCE],
    ),
  ]);
  if (pin?.id !== key_id || pin.migration !== m.rotation_id)
    throw new SecretsError('master_key_mismatch', `${m.rotation_id} does not wrap by ${key_id} now`);
}

/** Binds the database to the new key, when it wraps every row. May be repeated. */
export async function finishMigration(
  db: Database,
  m: Migration,
  columns: readonly WrappedColumn[],
): Promise<Migrated> {
  return withPin(db, async (tx, pin) => {
    if (pin === undefined) return refused('master_key_unused');
    if (pin.key_id === m.new_key_id) return { ok: true };
    if (pin.migration !== m.rotation_id || pin.next_key_id !== m.new_key_id) return refused('master_key_mismatch');
    if (!(await onlyBy(tx, columns, m.new_key_id))) return refused('rows_left');
    await setPin(tx, m, { key_id: m.new_key_id, next_key_id: null, migration: null });
    await writeEntries(tx, [entry(m, pin.now, 'master_key_migrated')]);
    return { ok: true };
  });
}

/** Binds the database to the old key again: as it was before `finishMigration`. May be repeated. */
export async function reopenMigration(db: Database, m: Migration): Promise<Migrated> {
  return withPin(db, async (tx, pin) => {
    if (pin?.key_id !== m.new_key_id) return { ok: true };
    await setPin(tx, m, { key_id: m.old_key_id, next_key_id: m.new_key_id, migration: m.rotation_id });
    await writeEntries(tx, [entry(m, pin.now, 'master_key_migration_reopened')]);
    return { ok: true };
  });
}

/** From here on new data keys are wrapped by the old key again. May be repeated, also when nothing was begun. */
export async function turnBack(db: Database, m: Migration): Promise<Migrated> {
  return withPin(db, async (tx, pin) => {
    if (pin?.migration !== m.rotation_id || pin.next_key_id === null) return { ok: true };
    await setPin(tx, m, { key_id: m.old_key_id, next_key_id: null, migration: m.rotation_id });
    await writeEntries(tx, [entry(m, pin.now, 'master_key_migration_turned_back')]);
    return { ok: true };
  });
}

/**
 * Ends a migration that was turned back, or was never begun, when no row names the new key: its file may go. May be
 * repeated. What another migration works with stays.
 */
export async function endTurnedBack(db: Database, m: Migration, columns: readonly WrappedColumn[]): Promise<Migrated> {
  return withPin(db, async (tx, pin) => {
    if (pin === undefined) return { ok: true };
    if (pin.key_id === m.new_key_id) return refused('master_key_mismatch');
    if (pin.migration !== null && pin.migration !== m.rotation_id) return refused('migration_running');
    if ((await wrappingKeyIds(tx, columns)).has(m.new_key_id)) return refused('rows_left');
    if (pin.migration === null) return { ok: true };
    await setPin(tx, m, { key_id: m.old_key_id, next_key_id: null, migration: null });
    await writeEntries(tx, [entry(m, pin.now, 'master_key_migration_undone')]);
    return { ok: true };
  });
}

const onlyBy = async (tx: Tx, columns: readonly WrappedColumn[], id: string): Promise<boolean> =>
  [...(await wrappingKeyIds(tx, columns))].every((each) => each === id);

async function setPin(tx: Tx, m: Migration, pin: Omit<Pin, 'now'>): Promise<void> {
  await tx.query(
    `UPDATE master_keys SET key_id = $2, next_key_id = $3, migration = $4, actor = $5, on_behalf_of = $6 WHERE workspace_id = $1`,
    [INSTANCE, pin.key_id, pin.next_key_id, pin.migration, ACTOR, m.on_behalf_of],
  );
}

async function clock(tx: Tx): Promise<string> {
  const row = await one<{ now: string }>(tx, `SELECT date_trunc('milliseconds', clock_timestamp()) AS now`);
  if (row === undefined) throw new Error('the clock has no row');
  return row.now;
}

const entry = (m: Migration, at: string, action: string, detail: Record<string, unknown> = {}) => ({
  ...caller(m),
  at,
  action,
  object: `master-key/${m.new_key_id}`,
  record_hash: null,
  record_version: null,
  detail: { rotation: m.rotation_id, old_key_id: m.old_key_id, new_key_id: m.new_key_id, ...detail },
  policy_digest: null,
});
