import { afterAll, beforeAll, expect, it } from 'vitest';
import { openDatabase } from '../../../db/client.ts';
import type { Database } from '../../../db/client.ts';
import { lapsedQuery } from '../../../db/command/end-overrides.ts';
import { overrideListQuery } from '../../../db/read/overrides.ts';
import { STANDING, transitionQuery, waiverListQuery } from '../../../db/read/waivers.ts';
import { testDatabase } from '../../support/postgres.ts';
import type { TestDatabase } from '../../support/postgres.ts';
import { planOf, rowsRead } from '../../support/query-plan.ts';

let database: TestDatabase;
let db: Database;
const hex = (salt: string) => `encode(sha256((i || '${salt}')::bytea), 'hex')`;
const bundle = `'sha256:' || encode(sha256((i % 500)::text::bytea), 'hex')`;
const TRANSITION = `sha256:${'1'.repeat(64)}`;
beforeAll(async () => {
  database = await testDatabase();
  db = openDatabase({ url: database.url, name: 'test-plans', max: 1 });
  await db.query(`INSERT INTO operator_keys (workspace_id, key_id, user_id, algorithm, public_key, roles, registered_at, actor)
    SELECT 'default', 'k' || i, 'u', 'ed25519', sha256(i::text::bytea), '{}', now(), 'u' FROM generate_series(1, 5000) AS i`);
  await db.query(`INSERT INTO governance_waivers (workspace_id, waiver_id, digest, bundle_name, bundle_version, bundle_digest,
      transition_digest, scope, license_digest, role, identity, key_id, envelope, waived_at, not_after, actor)
    SELECT 'default', 'WVR-' || i, ${hex('d')}, 'b', '1', ${bundle}, '${TRANSITION}', 'export_unapproved', 'l',
      'safety_reviewer', 'a@b', 'k' || (i % 5000 + 1), '{}', now() - i * interval '1 second', now() + interval '1 day', 'u'
    FROM generate_series(1, 20000) AS i`);
  await db.query(`INSERT INTO export_overrides (workspace_id, override_id, ticket, reason, opened_at, not_after, review_due,
      ended_at, end_reason, ended_by, actor)
    SELECT 'w' || i % 10, 'OVR-' || i, 't', 'r', now() - i * interval '1 hour', now() - i * interval '1 hour' + interval '1 minute',
      now(), now(), 'cleared', 'a', 'a' FROM generate_series(1, 20000) AS i`);
  await db.query(`INSERT INTO registry_bundles (workspace_id, name, version, digest, manifest, blobs, bytes, published_at, actor)
    SELECT 'default', 'b' || i, '1', ${hex('b')}, '{"transition_digest":"sha256:' || ${hex('t')} || '"}', 1, 1, now(), 'a'
      FROM generate_series(1, 20000) AS i`);
  await db.query('ANALYZE');
});
afterAll(async () => {
  await db?.end();
  await database?.drop();
});

const digest = async () =>
  (await db.query<{ d: string }>(`SELECT ${bundle.replace('i % 500', '7')} AS d`)).rows[0]?.d ?? '';

it.each([
  [
    'the waiver that stands',
    async () => ({ text: STANDING, values: ['default', await digest(), TRANSITION, 'alice'] }),
  ],
  ['a page of waivers', () => waiverListQuery({ workspace_id: 'default', limit: 100 })],
  [
    'a page behind another',
    () =>
      waiverListQuery({
        workspace_id: 'default',
        limit: 100,
        after: { created_at: new Date().toISOString(), id: 'WVR-5' },
      }),
  ],
  [
    'the waivers of a bundle',
    async () => waiverListQuery({ workspace_id: 'default', limit: 100, bundle_digest: await digest() }),
  ],
  ['a page of overrides', () => overrideListQuery({ workspace_id: 'w3', limit: 100 })],
  ['overrides whose time is over', () => lapsedQuery],
  ['the bundles of a transition', () => transitionQuery('default', TRANSITION)],
])('%s is read by an index, and no more of it than a page', async (_what, query) => {
  const nodes = (await planOf(db, await query())).filter((node) => node['Relation Name'] !== undefined);
  expect(nodes.length).toBeGreaterThan(0);
  expect(nodes.map((node) => node['Node Type'])).not.toContain('Seq Scan');
  expect(rowsRead(nodes)).toBeLessThanOrEqual(220);
});
