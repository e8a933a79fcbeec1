import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../../db/client.ts';
import { rows } from '../../../db/client.ts';
import { recordEach } from '../../../db/command/intake.ts';
import type { Fate } from '../../../db/command/intake.ts';
import { openRecord, requestOf } from '../../support/record.ts';

let db: Database;
let close: () => Promise<void>;
beforeAll(async () => {
  ({ db, close } = await openRecord());
});
afterAll(() => close());

const refused = (): Error => Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });

/** A database that is gone after `transactions`; of the last one the answer to COMMIT is lost where `unanswered`. */
function goneAfter(transactions: number, unanswered = false): { db: Database; opened: () => number } {
  let opened = 0;
  const connect = async () => {
    opened += 1;
    if (opened > transactions) throw refused();
    const tx = await db.connect();
    if (!unanswered || opened < transactions) return tx;
    const ask = tx.query.bind(tx) as unknown as (...args: unknown[]) => Promise<unknown>;
    const query = async (...args: unknown[]) => {
      const result = await ask(...args);
      if (JSON.stringify(args[0]).includes('COMMIT')) throw new Error('Connection terminated unexpectedly');
      return result;
    };
    return new Proxy(tx, {
      get: (of, name) => {
        if (name === 'query') return query;
        const value: unknown = Reflect.get(of, name);
        return typeof value === 'function' ? (...args: unknown[]) => Reflect.apply(value, of, args) as unknown : value;
      },
    });
  };
  const query = () => Promise.reject(refused());
  return { db: { connect, query } as unknown as Database, opened: () => opened };
}

const fateOf = (fate: Fate): unknown =>
  'error' in fate ? (fate.error as { code: string }).code : fate.reply.ok ? fate.reply.status : fate.reply.code;

/** Four reports, the second of which no table takes: the batch, its first half and each of those two, then the second half. */
async function record(gone: { db: Database }): Promise<{ fates: unknown[]; recorded: string[] }> {
  const w = { workspace_id: `w-${crypto.randomUUID()}` };
  const requests = ['a', 'b\u0000', 'c', 'd'].map((description) =>
    requestOf('unauthorized_access', { description }, w),
  );
  const fates = (await recordEach(gone.db, requests)).map(fateOf);
  const found = await rows<{ description: string }>(
    db,
    'SELECT description FROM incidents WHERE workspace_id = $1 ORDER BY id',
    [w.workspace_id],
  );
  return { fates, recorded: found.map((i) => i.description) };
}

describe('a batch that the database blames a row of', () => {
  it('and that loses the database with its second half answers the first as recorded', async () => {
    expect(await record(goneAfter(4))).toEqual({
      fates: [201, 'unrepresentable', 'database_unreachable', 'database_unreachable'],
      recorded: ['a'],
    });
  });

  it('and whose second half is committed without an answer says so to that half alone', async () => {
    expect(await record(goneAfter(5, true))).toEqual({
      fates: [201, 'unrepresentable', 'outcome_unknown', 'outcome_unknown'],
      recorded: ['a', 'c', 'd'],
    });
  });

  it('and that loses the database with its first half does not try the second', async () => {
    const gone = goneAfter(2);
    expect(await record(gone)).toEqual({
      fates: Array.from({ length: 4 }, () => 'database_unreachable'),
      recorded: [],
    });
    expect(gone.opened()).toBe(3);
  });

  it('and that loses the database within its first half keeps what that recorded, and does not try the second', async () => {
    const gone = goneAfter(3);
    expect(await record(gone)).toEqual({
      fates: [201, 'database_unreachable', 'database_unreachable', 'database_unreachable'],
      recorded: ['a'],
    });
    expect(gone.opened()).toBe(4);
  });
});
