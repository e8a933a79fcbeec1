import { afterAll, beforeAll, expect, it } from 'vitest';
import { openDatabase, rows } from '../../../db/client.ts';
import type { Database } from '../../../db/client.ts';
import { withAccountLock } from '../../../db/command/account-lock.ts';
import { testDatabase } from '../../support/postgres.ts';
import type { TestDatabase } from '../../support/postgres.ts';

let database: TestDatabase;
let db: Database;
beforeAll(async () => {
  database = await testDatabase();
  db = openDatabase({ url: database.url, name: 'test', max: 6 });
});
afterAll(async () => {
  await db?.end();
  await database?.drop();
});

it('many accounts, and one that many ask for, leave connections to everybody else', async () => {
  const release = Promise.withResolvers<void>();
  let working = 0;
  const use = (name: string) =>
    withAccountLock(db, name, async () => {
      working += 1;
      await release.promise;
      return rows(db, 'SELECT 1 AS one');
    });
  const names = [...Array.from({ length: 12 }, (_, n) => `account-${n}`), ...Array<string>(8).fill('account-0')];
  const all = names.map(use);
  while (working < 3) await rows(db, 'SELECT 1');
  expect(await rows(db, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  release.resolve();
  expect(await Promise.all(all)).toHaveLength(names.length);
});

it('one account is one at a time, also after one that failed', async () => {
  let inside = 0;
  const once = async (fails: boolean) =>
    withAccountLock(db, 'one', async () => {
      inside += 1;
      expect(inside).toBe(1);
      await rows(db, 'SELECT 1');
      inside -= 1;
      if (fails) throw new Error('planned');
      return true;
    }).catch(() => false);
  expect(await Promise.all([once(false), once(true), once(false)])).toEqual([true, false, true]);
});
