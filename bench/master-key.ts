// Data keys re-wrapped per second by a migration of the master key, over BENCH_ROWS slots, there and back; and as a ratio to
// one bare UPDATE of a copy of the same rows with the same indexes on the same server, the two taking turns. And the backup
// of before, with what reading it back and opening it takes.
import { createSecretKey, randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../db/client.ts';
import { beginMigration, finishMigration, rewrapRows } from '../db/command/migrate-master-key.ts';
import { pinMasterKey } from '../db/command/pin-master-key.ts';
import type { NamedKey } from '../db/secrets/envelope.ts';
import { loadWrappedColumns } from '../db/secrets/wrapped-columns.ts';
import { transaction } from '../db/transaction.ts';
import { keyId } from '../domain/secret/key-id.ts';
import { startStack } from '../script/supervisor/stack.ts';
import { freeStackPorts } from '../test/support/free-ports.ts';
import { seedSlots } from '../test/support/wrapped.ts';
import { verifyBackup, writeBackup } from '../workers/rotation/master-key/backup.ts';
import { quantile, summary } from './statistics.ts';
import { removeTree } from '../test/support/remove-tree.ts';

const ROWS = Number(process.env['BENCH_ROWS'] ?? 100_000);
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
/** As a step of the rotation takes them. */
const PART = 10_000;

function freshKey(): NamedKey {
  const bytes = randomBytes(32);
  return { key_id: keyId('master', bytes), key: createSecretKey(bytes) };
}

const stateRoot = mkdtempSync(join(tmpdir(), 'interlock-bench-'));
const stack = await startStack({
  stateRoot,
  ports: await freeStackPorts(),
  env: { INTERLOCK_TEMPORAL_ADDRESS: '127.0.0.1:1', INTERLOCK_TPM_TCTI: 'none', INTERLOCK_LOOPBACK_TRUST: '1' },
  only: ['postgres', 'api'],
});
const db = openDatabase({ url: stack.urls.database, name: 'bench', max: 2 });

/** Rows per second. */
async function rate(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return (ROWS * 1000) / (performance.now() - from);
}

try {
  const columns = await loadWrappedColumns();
  let [from, to] = [freshKey(), freshKey()];
  await seedSlots(db, from, ROWS);
  await db.query('CREATE TABLE bare (LIKE secret_slots INCLUDING ALL)');
  await db.query('INSERT INTO bare SELECT * FROM secret_slots');
  await db.query('ANALYZE');
  const path = join(stateRoot, 'backups', 'bench.jsonl');
  const backup = await rate(() => writeBackup(db, path, { ring: from, rotation_id: 'bench' }, columns));
  const verify = await rate(() => verifyBackup(path, from, columns));
  console.log(`backup: ${backup.toFixed(0)} rows per s; read back and opened ${verify.toFixed(0)}`);

  const by = { workspace_id: 'default', actor: 'bench', on_behalf_of: null };
  await transaction(db, (tx) => pinMasterKey(tx, from, by, new Date().toISOString()));
  const migrate = async () => {
    const ids = { old_key_id: from.key_id, new_key_id: to.key_id };
    const m = { rotation_id: 'bench', workspace_id: 'default', on_behalf_of: 'bench', ...ids };
    if (!(await beginMigration(db, m, columns)).ok) throw new Error('the migration did not begin');
    let done = 0;
    for (let part = PART; part === PART; done += part)
      part = await rewrapRows(db, m, { from, to, limit: PART }, columns);
    if (!(await finishMigration(db, m, columns)).ok) throw new Error('rows are left');
    if (done !== ROWS) throw new Error(`${done} of ${ROWS} rows were re-wrapped`);
  };
  const bare = () =>
    db.query('UPDATE bare SET wrapped_key = replace(wrapped_key, $1, $2)', [`.${from.key_id}.`, `.${to.key_id}.`]);
  const [rates, limits, ratios]: number[][] = [[], [], []];
  for (let round = -1; round < ROUNDS; round++) {
    const migrated = await rate(migrate);
    const limit = await rate(bare);
    [from, to] = [to, from];
    // The first round only warms up.
    if (round < 0) continue;
    rates?.push(migrated);
    limits?.push(limit);
    ratios?.push(migrated / limit);
  }
  console.log(
    `re-wrapped: ${summary(rates ?? [], 0)} rows per s; bare UPDATE ${summary(limits ?? [], 0)}; ratio ${summary(ratios ?? [], 2)}`,
  );
  if (quantile(rates ?? [], 0.5) < 5_000) console.log('> below 5000 per s');
} finally {
  await db.end();
  await stack.stop();
  removeTree(stateRoot);
}
