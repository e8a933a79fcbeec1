import { afterAll, beforeAll, expect, it } from 'vitest';
import { openDatabase } from '../../../db/client.ts';
import type { Database } from '../../../db/client.ts';
import { collectableQuery } from '../../../db/command/collect-registry.ts';
import { blobsQuery, bundleListQuery } from '../../../db/read/registry.ts';
import { testDatabase } from '../../support/postgres.ts';
import type { TestDatabase } from '../../support/postgres.ts';
import { planOf, rowsRead } from '../../support/query-plan.ts';

let database: TestDatabase;
let db: Database;
const digest = `encode(sha256(i::text::bytea), 'hex')`;
beforeAll(async () => {
  database = await testDatabase();
  db = openDatabase({ url: database.url, name: 'test-plans', max: 1 });
  await db.query(`INSERT INTO registry_blobs (workspace_id, digest, bytes, first_put_at, put_at, referenced, actor)
    SELECT 'default', ${digest}, 1, now(), now() - interval '30 days', i > 10, 'a' FROM generate_series(1, 20000) AS i`);
  await db.query(`INSERT INTO registry_bundles (workspace_id, name, version, digest, manifest, blobs, bytes, published_at, actor)
    SELECT 'default', 'b' || i % 100, i::text, ${digest}, '{}', 1, 1, now(), 'a' FROM generate_series(1, 20000) AS i`);
  await db.query('ANALYZE');
});
afterAll(async () => {
  await db?.end();
  await database?.drop();
});

it.each([
  ['a blob with what the gate says', () => blobsQuery('default', ['a'.repeat(64)])],
  [
    'a page of bundles',
    () => bundleListQuery({ workspace_id: 'default', limit: 100, after: { name: 'b5', version: '9' } }),
  ],
  ['the versions of one', () => bundleListQuery({ workspace_id: 'default', limit: 100, name: 'b7' })],
  ['what is to be collected', () => collectableQuery(1000, 100)],
])('%s is read by an index, and no more of it than a page', async (_what, query) => {
  const nodes = (await planOf(db, query())).filter((node) => node['Relation Name']?.startsWith('registry_'));
  expect(nodes.length).toBeGreaterThan(0);
  expect(nodes.map((node) => node['Node Type'])).not.toContain('Seq Scan');
  expect(rowsRead(nodes)).toBeLessThanOrEqual(110);
});
