import fc from 'fast-check';
import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase, rows } from '../../../db/client.ts';
import { binaryArray } from '../../../db/write/binary-array.ts';
import { testDatabase } from '../../support/postgres.ts';
import type { TestDatabase } from '../../support/postgres.ts';

let database: TestDatabase;
let db: pg.Pool;
beforeAll(async () => {
  database = await testDatabase();
  db = openDatabase({ url: database.url, name: 'test', max: 1 });
});
afterAll(async () => {
  await db.end();
  await database.drop();
});

const text = fc.string({ unit: 'binary' }).map((s) => s.toWellFormed().replaceAll('\u0000', ''));
const instant = fc.date({ min: new Date('1970-01-01'), max: new Date('2100-01-01'), noInvalidDate: true });

/** What each type may hold, in the spelling in which it is read back. */
const types: Record<string, fc.Arbitrary<unknown>> = {
  text,
  bool: fc.boolean(),
  boolean: fc.boolean(),
  int2: fc.integer({ min: -32768, max: 32767 }),
  smallint: fc.constantFrom(-32768, -1, 0, 32767),
  int4: fc.integer(),
  integer: fc.constantFrom(-2147483648, -1, 0, 2147483647),
  int8: fc.maxSafeInteger(),
  bigint: fc.constantFrom(Number.MIN_SAFE_INTEGER, -4294967297, -1, 4294967296, Number.MAX_SAFE_INTEGER),
  timestamptz: instant.map((date) => date.toISOString()),
  'timestamptz(3)': fc.constantFrom('1999-12-31T23:59:59.999Z', '2000-01-01T00:00:00.000Z'),
  bytea: fc.uint8Array().map((bytes) => Buffer.from(bytes)),
};

test.for(Object.entries(types))('an array of %s arrives as it was sent', async ([type, value]) => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.option(value), { maxLength: 40 }), async (list) => {
      const found = await rows<{ v: unknown }>(
        db,
        `SELECT v FROM unnest($1::${type}[]) WITH ORDINALITY AS t(v, n) ORDER BY n`,
        [binaryArray(type, list)],
      );
      expect(found.map((row) => row.v)).toEqual(list);
    }),
    { numRuns: 30 },
  );
});

test('JSON text arrives as the value it says', async () => {
  const values = [{ a: ['ü', null, 1.5] }, [], 'x'];
  const found = await rows<{ v: unknown }>(db, 'SELECT v FROM unnest($1::jsonb[]) AS t(v)', [
    binaryArray('jsonb', [...values.map((v) => JSON.stringify(v)), null]),
  ]);
  expect(found.map((row) => row.v)).toEqual([...values, null]);
});

test('a NUL in a text is refused by the server as data that is wrong, a type that is not known before', async () => {
  await expect(rows(db, 'SELECT unnest($1::text[])', [binaryArray('text', ['a\u0000b'])])).rejects.toMatchObject({
    code: '22021',
  });
  expect(() => binaryArray('money', [])).toThrow('no array of money can be sent');
});
