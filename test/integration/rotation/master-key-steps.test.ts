import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMasterKey, readMasterKey } from '../../../config/master-key.ts';
import { one, rows } from '../../../db/client.ts';
import { openMasterKey, pinnedMasterKey } from '../../../db/command/pin-master-key.ts';
import { readControlSecret } from '../../../db/command/read-control-secret.ts';
import { rewrapRows } from '../../../db/command/migrate-master-key.ts';
import { abandonRotation } from '../../../db/command/rotation-steps.ts';
import type { SecretsDeps } from '../../../db/command/set-secret.ts';
import { loadWrappedColumns } from '../../../db/secrets/wrapped-columns.ts';
import { createStrategies } from '../../../workers/rotation/strategies/master-key.ts';
import { freshKey } from '../../support/adapters.ts';
import { openMigrating } from '../../support/master-key.ts';
import type { Migrating } from '../../support/master-key.ts';
import { OPERATOR } from '../../support/record.ts';
import { databaseText, set } from '../../support/secrets.ts';
import { seededSlot, seededValue, seedSlots, wrappedBy } from '../../support/wrapped.ts';

const SLOTS = 40;
let on: Migrating;
beforeEach(async () => {
  on = await openMigrating();
  await set(on.deps, 'first', 'pins the key', { class: 'control' });
  await seedSlots(on.db, on.deps.masterKey(), SLOTS);
});
afterEach(() => on?.close());

const code = (code: string) => expect.objectContaining({ code }) as Error;
const read = async (slot: string, deps: SecretsDeps = on.deps): Promise<string> =>
  (await readControlSecret(deps, { ...OPERATOR, slot, purpose: 'test' })).value.toString();
async function readable(): Promise<void> {
  expect(await read('first')).toBe('pins the key');
  for (let i = 0; i < SLOTS; i++) expect(await read(seededSlot(i))).toBe(seededValue(i));
}
const actions = async () =>
  (
    await rows<{ action: string }>(
      on.db,
      `SELECT action FROM ledger_entries WHERE object LIKE 'master-key/%' ORDER BY entry_id`,
    )
  ).map(({ action }) => action);

describe('a migration of the master key', () => {
  it('before the cut is undone: every row is the old key’s again, and the next key is gone', async () => {
    const old = on.id();
    const id = await on.request();
    await on.take(id, 'inspect');
    await on.take(id, 'stage');
    const next = readMasterKey(`${on.keyFile}.next`).key_id;
    expect(await wrappedBy(on.db)).toEqual({ [next]: SLOTS + 1 });
    await readable();
    await set(on.deps, 'of the next', 'v');
    await on.take(id, 'undo stage');
    await on.take(id, 'undo stage');
    expect(await wrappedBy(on.db)).toEqual({ [old]: SLOTS + 2 });
    expect([on.id(), await pinnedMasterKey(on.db), existsSync(`${on.keyFile}.next`)]).toEqual([old, old, false]);
    await set(on.deps, 'after', 'v');
    await readable();
    expect(await actions()).toEqual([
      'master_key_pinned',
      'master_key_migration_begun',
      'master_key_rewrapped',
      'master_key_migration_turned_back',
      'master_key_rewrapped',
      'master_key_migration_undone',
    ]);
  });

  it('after the cut is undone as long as the new one is not proved', async () => {
    const old = on.id();
    const id = await on.request();
    for (const step of ['inspect', 'stage', 'cut_over', 'cut_over'] as const) await on.take(id, step);
    expect(on.id()).not.toBe(old);
    await readable();
    for (const step of ['undo cut_over', 'undo cut_over'] as const) await on.take(id, step);
    await readable();
    await on.take(id, 'undo stage');
    expect(await wrappedBy(on.db)).toEqual({ [old]: SLOTS + 1 });
    expect([on.id(), await pinnedMasterKey(on.db)]).toEqual([old, old]);
    await readable();
  });

  it('S1-83 is no hot swap: a process with one of the keys refuses the other’s rows, and gives no wrong value', async () => {
    const old = readMasterKey(on.keyFile);
    const behind = { db: on.db, masterKey: await openMasterKey(on.db, { read: () => old }) };
    const id = await on.request();
    await on.take(id, 'inspect');
    await on.take(id, 'stage', 2);
    // The key is there and the backup made, no row is re-wrapped: the old opens all, new ones are the next key's.
    expect(await read('first', behind)).toBe('pins the key');
    await expect(set(behind, 'new', 'v')).rejects.toThrow(code('master_key_mismatch'));
    await on.take(id, 'stage');
    await expect(read('first', behind)).rejects.toThrow(code('master_key_mismatch'));
    await on.take(id, 'cut_over');
    await expect(openMasterKey(on.db, { read: () => old })).rejects.toThrow(code('master_key_mismatch'));
    await readable();
  });

  it('wraps what is written meanwhile by the key that is right in its transaction', async () => {
    const id = await on.request();
    await on.take(id, 'inspect');
    let over = false;
    const writer = async (w: number) => {
      let n = 0;
      while (!over || n < 5) await set(on.deps, `writer.${w}.${n++}`, `${w} ${n}`, { class: 'control' });
      return n;
    };
    const writers = [0, 1, 2].map(writer);
    await on.take(id, 'stage');
    await on.take(id, 'cut_over');
    over = true;
    const written = await Promise.all(writers);
    for (const [w, count] of written.entries())
      for (let n = 0; n < count; n++) expect(await read(`writer.${w}.${n}`)).toBe(`${w} ${n + 1}`);
    expect(Object.keys(await wrappedBy(on.db))).toEqual([on.id()]);
    await on.take(id, 'prove_new');
    await readable();
  });

  it('does not begin with a row that does not open, and the backup says so before anything is changed', async () => {
    const old = on.id();
    await on.db.query(
      `UPDATE secret_slots v SET wrapped_key = o.wrapped_key FROM secret_slots o WHERE v.slot = $1 AND o.slot = $2`,
      [seededSlot(3), seededSlot(4)],
    );
    const id = await on.request();
    await on.take(id, 'inspect');
    await expect(on.take(id, 'stage')).rejects.toThrow(code('secret_unreadable'));
    expect(Object.keys(await wrappedBy(on.db))).toEqual([old]);
    await on.take(id, 'undo stage');
    expect(await read(seededSlot(5))).toBe(seededValue(5));
  });

  it('does not bind the database to the new key while a row names another', async () => {
    const id = await on.request();
    await on.take(id, 'inspect');
    await on.take(id, 'stage', 2);
    await expect(on.take(id, 'cut_over')).rejects.toThrow(code('rows_left'));
    const foreign = 'interlock-key.v1.00000000000000ff.AAAA';
    await on.take(id, 'stage');
    await on.db.query('UPDATE secret_slots SET wrapped_key = $2 WHERE slot = $1', [seededSlot(7), foreign]);
    await expect(on.take(id, 'cut_over')).rejects.toThrow(code('rows_left'));
  });

  it('ends when the next key was replaced, and gives nothing up: with its file back it goes on', async () => {
    const id = await on.request();
    await on.take(id, 'inspect');
    await on.take(id, 'stage', 2);
    renameSync(`${on.keyFile}.next`, `${on.keyFile}.kept`);
    createMasterKey(`${on.keyFile}.next`);
    await expect(on.take(id, 'stage')).rejects.toThrow(code('staged_key_changed'));
    renameSync(`${on.keyFile}.kept`, `${on.keyFile}.next`);
    for (const step of ['stage', 'cut_over', 'prove_new', 'prove_old', 'revoke'] as const) await on.take(id, step);
    await readable();
  });

  it('wraps nothing by a worker that comes late, whichever way it went', async () => {
    const old = readMasterKey(on.keyFile);
    const id = await on.request();
    await on.take(id, 'inspect');
    await on.take(id, 'stage', 2);
    const next = readMasterKey(`${on.keyFile}.next`);
    const of = { rotation_id: id, workspace_id: 'default', on_behalf_of: 'owner@org' };
    const m = { ...of, old_key_id: old.key_id, new_key_id: next.key_id };
    const columns = await loadWrappedColumns();
    const forward = (more = {}) => rewrapRows(on.db, { ...m, ...more }, { from: old, to: next, limit: 10 }, columns);
    expect(await forward()).toBe(10);
    await expect(forward({ rotation_id: 'ROT-2' })).rejects.toThrow(code('master_key_mismatch'));
    const back = rewrapRows(on.db, m, { from: next, to: old, limit: 10 }, columns);
    await expect(back).rejects.toThrow(code('master_key_mismatch'));
    await on.take(id, 'undo stage');
    await expect(forward()).rejects.toThrow(code('master_key_mismatch'));
    expect(await wrappedBy(on.db)).toEqual({ [old.key_id]: SLOTS + 1 });
  });

  it('is not cut when its backup is not the one that was verified', async () => {
    const id = await on.request();
    await on.take(id, 'inspect');
    await on.take(id, 'stage');
    const backup = join(on.stateRoot, 'backups', `master-key-${id}.jsonl`);
    const kept = readFileSync(backup);
    writeFileSync(backup, kept.subarray(1));
    await expect(on.take(id, 'cut_over')).rejects.toThrow(code('backup_changed'));
    writeFileSync(backup, kept);
    await on.take(id, 'cut_over');
    expect(Object.keys(await wrappedBy(on.db))).toEqual([on.id()]);
  });

  it('that was abandoned in the middle is taken over by the next rotation with the same key', async () => {
    const id = await on.request();
    await on.take(id, 'inspect');
    await on.take(id, 'stage', 2);
    await set(on.deps, 'between', 'v', { class: 'control' });
    const asked = { rotation_id: id, reason: 'the host is replaced', key: freshKey() };
    const by = { workspace_id: 'default', actor: 'owner@org', on_behalf_of: null };
    expect(await abandonRotation(on.db, by, asked)).toEqual({ ok: true });
    const second = await on.request();
    for (const step of ['inspect', 'stage', 'cut_over', 'prove_new', 'prove_old', 'revoke'] as const)
      await on.take(second, step);
    expect(Object.keys(await wrappedBy(on.db))).toEqual([on.id()]);
    await readable();
    expect(await read('between')).toBe('v');
  });

  it('is refused beside another that runs, with the key in its own place, and with a file that others can read', async () => {
    const id = await on.request();
    writeFileSync(`${on.keyFile}.next`, readFileSync(on.keyFile), { mode: 0o600 });
    await expect(on.take(id, 'inspect')).rejects.toThrow(code('next_key_same'));
    writeFileSync(`${on.keyFile}.next`, 'x'.repeat(32));
    chmodSync(`${on.keyFile}.next`, 0o640);
    await expect(on.take(id, 'inspect')).rejects.toThrow(code('master_key_exposed'));
    chmodSync(`${on.keyFile}.next`, 0o600);
    await on.take(id, 'inspect');
    await on.take(id, 'stage', 2);
    await on.db.query(
      `INSERT INTO rotations SELECT (jsonb_populate_record(r, '{"rotation_id": "ROT-2", "workspace_id": "system"}')).* FROM rotations r`,
    );
    await expect(on.take('ROT-2', 'inspect')).rejects.toThrow(code('migration_running'));
    await on.db.query('UPDATE master_keys SET next_key_id = NULL, migration = NULL');
    await on.take('ROT-2', 'inspect');
    await on.take('ROT-2', 'stage', 1);
    await on.db.query('UPDATE master_keys SET next_key_id = $1, migration = $2', [
      readMasterKey(`${on.keyFile}.next`).key_id,
      id,
    ]);
    await expect(on.take('ROT-2', 'stage')).rejects.toThrow(code('migration_running'));
    // Its undoing leaves the other's key where it is.
    await expect(on.take('ROT-2', 'undo stage')).rejects.toThrow(code('migration_running'));
    expect(existsSync(`${on.keyFile}.next`)).toBe(true);
  });

  it('is refused where the key is given in a variable, and where the file holds another', async () => {
    const id = await on.request();
    const context = { workspace_id: 'default', rotation_id: id, subject: '', requested_by: 'owner@org' };
    const of = { ...context, compromised: false, memory: {} };
    const [inVariable] = createStrategies({ ...on.strategyDeps, masterKeyInEnvironment: readMasterKey(on.keyFile) });
    await expect(inVariable?.inspect(of)).rejects.toThrow(code('master_key_in_environment'));
    createMasterKey(`${on.keyFile}.other`);
    const [other] = createStrategies({ ...on.strategyDeps, masterKeyFile: `${on.keyFile}.other` });
    await expect(other?.inspect(of)).rejects.toThrow(code('master_key_mismatch'));
  });

  it('knows every column that the master key wraps, by an index on the key’s id', async () => {
    const columns = await loadWrappedColumns();
    const named = await rows<{ name: string }>(
      on.db,
      `SELECT table_name || '.' || column_name AS name FROM information_schema.columns
        WHERE table_schema = 'public' AND column_name LIKE '%wrapped%'
       UNION SELECT conrelid::regclass || '.' || a.attname FROM pg_constraint c
        JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)
        WHERE pg_get_constraintdef(c.oid) LIKE '%interlock-key%' ORDER BY 1`,
    );
    expect(columns.map(({ table, column }) => `${table}.${column}`).sort()).toEqual(named.map(({ name }) => name));
    for (const { table, column, key } of columns) {
      const index = await one<{ def: string }>(
        on.db,
        `SELECT indexdef AS def FROM pg_indexes WHERE tablename = $1 AND indexdef LIKE '%split_part%'`,
        [table],
      );
      expect(index?.def).toContain(`split_part(${column}, '.'::text, 3), ${key.join(', ')})`);
    }
    const old = on.id();
    const id = await on.request();
    for (const step of ['inspect', 'stage', 'cut_over'] as const) await on.take(id, step);
    expect(await databaseText(on.db)).not.toContain(`interlock-key.v1.${old}`);
    expect(existsSync(join(on.stateRoot, 'backups', `master-key-${id}.jsonl`))).toBe(true);
  });
});
