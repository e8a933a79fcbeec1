import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../../db/client.ts';
import type { Database } from '../../../db/client.ts';
import { evidenceQuery } from '../../../db/read/evidence.ts';
import { historiesQuery } from '../../../db/read/histories.ts';
import { notificationsQuery } from '../../../db/read/notifications.ts';
import { unstoredQuery } from '../../../db/read/unstored-histories.ts';
import { testDatabase } from '../../support/postgres.ts';
import type { TestDatabase } from '../../support/postgres.ts';
import { planOf, rowsRead } from '../../support/query-plan.ts';

let database: TestDatabase;
let db: Database;
const COUNT = 20_000;
const INCIDENT = 'INC-7';
const DIGEST = 'a'.repeat(64);

beforeAll(async () => {
  database = await testDatabase();
  db = openDatabase({ url: database.url, name: 'test-evidence-plans', max: 1 });
  const n = `generate_series(1, ${COUNT}) AS n`;
  await db.query(`INSERT INTO process_histories (workspace_id, workflow_id, run_id, type, incident_id, status, digest, bytes, stored_at, actor)
    SELECT 'default', 'recovery/' || n, 'run-' || n, 'recoveryCeremony', 'INC-' || n % 20, 'completed', '${DIGEST}', 1, now(), 'histories' FROM ${n}`);
  await db.query(`INSERT INTO notifications (workspace_id, kind, incident_id, severity, message, created_at, actor)
    SELECT 'default', 'alert', 'INC-' || n % 20, 'high', 'm', now(), 'system' FROM ${n}`);
  await db.query(`INSERT INTO evidence_collections (workspace_id, evidence_id, incident_id, manifest_digest, files, bytes, absent, collected_at, actor)
    SELECT 'default', 'EVD-' || n, 'INC-' || n % 20, '${DIGEST}', 1, 1, 1, now() - n * interval '1 s', 'me' FROM ${n}`);
  // All but the last ones are on record.
  await db.query(`INSERT INTO process (workspace_id, workflow_id, type, subject, severity_rank, created_at, started_at, over_at, history_at, actor)
    SELECT 'default', 'incident/' || n, 'incidentResponse', 'INC-' || n, 1, now(), now(), now() - interval '1 hour',
        CASE WHEN n < ${COUNT - 300} THEN now() END, 'system' FROM ${n}`);
  await db.query('ANALYZE');
});
afterAll(async () => {
  await db.end();
  await database.drop();
});

const of = { workspace_id: 'default', incident_id: INCIDENT, limit: 50 };

describe('what evidence asks of growing tables', () => {
  it.each(
    Object.entries({
      histories: historiesQuery(of),
      'a page of histories': historiesQuery({ ...of, after: { workflow_id: 'recovery/5', run_id: 'run-5' } }),
      notifications: notificationsQuery({ ...of, after: 0 }),
      'a page of notifications': notificationsQuery({ ...of, after: 9000 }),
      collections: evidenceQuery(of),
      'a page of collections': evidenceQuery({
        ...of,
        after: { collected_at: '2999-01-01T00:00:00.000Z', evidence_id: 'EVD-1' },
      }),
      'processes to store': unstoredQuery(undefined, 50),
    }),
  )('is answered by an index: %s', async (_name, query) => {
    const nodes = await planOf(db, query);
    expect(nodes.filter((node) => node['Node Type'] === 'Seq Scan')).toEqual([]);
    expect(rowsRead(nodes)).toBeLessThanOrEqual(2 * (of.limit + 1));
  });
});
