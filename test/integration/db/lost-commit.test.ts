import { afterAll, beforeAll, expect, it } from 'vitest';
import { one, openDatabase } from '../../../db/client.ts';
import type { Database } from '../../../db/client.ts';
import { transaction } from '../../../db/transaction.ts';
import type { Tx } from '../../../db/transaction.ts';
import { eventually } from '../../support/eventually.ts';
import { startPostgres } from '../../support/postgres-server.ts';
import type { PostgresServer } from '../../support/postgres-server.ts';

let server: PostgresServer;
let db: Database;
let others: Database;
beforeAll(async () => {
  server = await startPostgres();
  db = openDatabase({ url: server.url('postgres'), name: 'test' });
  others = openDatabase({ url: server.url('postgres'), name: 'others', max: 1 });
});
afterAll(async () => {
  await db?.end();
  await others?.end();
  await server?.stop();
});

const numberOf = async (tx: Tx) =>
  (await one<{ pid: number; xid: string }>(
    tx,
    'SELECT pg_backend_pid() AS pid, pg_current_xact_id()::text AS xid',
  )) ?? {
    pid: 0,
    xid: '0',
  };

/** Transactions of others, each of which commits, until one of them has this number. */
const commitUpTo = (xid: string) =>
  eventually(async () => {
    const row = await one<{ xid: string }>(others, 'SELECT pg_current_xact_id()::text AS xid').catch(() => undefined);
    return row !== undefined && BigInt(row.xid) >= BigInt(xid);
  });

it('a transaction that a crash lost is not taken for committed because another one has its number since', async () => {
  let lost = '0';
  const said = transaction(db, async (tx) => {
    const { pid, xid } = await numberOf(tx);
    lost = xid;
    // A backend that dies so takes the server through its recovery, without what was not yet in its log.
    process.kill(pid, 'SIGKILL');
  });
  const refused = expect(said).rejects.toMatchObject({ code: 'outcome_unknown' });
  await eventually(async () => lost !== '0');
  await commitUpTo(lost);
  await refused;
});

it('a transaction whose connection alone was lost behind its COMMIT is known to have committed', async () => {
  await db.query('CREATE TABLE IF NOT EXISTS kept (n int)');
  const deaf = {
    query: db.query.bind(db),
    connect: async () => {
      const tx = await db.connect();
      const ask: (...args: unknown[]) => unknown = tx.query.bind(tx);
      const query = async (...args: unknown[]) => {
        const answer = await ask(...args);
        if (args[0] === 'COMMIT') throw new Error('Connection terminated unexpectedly');
        return answer;
      };
      return Object.assign(tx, { query });
    },
  } as unknown as Database;
  await transaction(deaf, (tx) => tx.query('INSERT INTO kept VALUES (1)'));
  expect(await one(db, 'SELECT n FROM kept')).toEqual({ n: 1 });
});
