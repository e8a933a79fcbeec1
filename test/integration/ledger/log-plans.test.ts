import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { one, openDatabase } from '../../../db/client.ts';
import type { Database } from '../../../db/client.ts';
import { openFirstEpoch, sequenceEntries } from '../../../db/command/sequence-entries.ts';
import { auditQuery } from '../../../db/read/audit.ts';
import type { AuditFilter } from '../../../db/read/audit.ts';
import { eventsQuery } from '../../../db/read/events.ts';
import { incidentInLogQuery } from '../../../db/read/incident.ts';
import { TILES } from '../../../db/read/log.ts';
import { seedIncidents } from '../api/seed.ts';
import { testDatabase } from '../../support/postgres.ts';
import type { TestDatabase } from '../../support/postgres.ts';
import { costOf, planOf, rowsRead } from '../../support/query-plan.ts';

const ENTRIES = 20_000;
let database: TestDatabase;
let db: Database;
beforeAll(async () => {
  database = await testDatabase();
  db = openDatabase({ url: database.url, name: 'test-plans', max: 1 });
  await seedIncidents(db, 1000);
  await db.query(
    `INSERT INTO ledger_entries (workspace_id, at, actor, action, object, record_hash, record_version, detail, leaf, leaf_hash)
      SELECT CASE WHEN i % 10 = 0 THEN 'system' ELSE 'default' END, timestamptz '2026-01-01' + i * interval '1 minute',
        CASE WHEN i % 500 = 7 THEN 'rare' ELSE 'often-' || i % 3 END, CASE WHEN i % 400 = 9 THEN 'exported' ELSE 'did-' || i % 5 END,
        CASE WHEN i % 4 = 0 THEN 'node/local' ELSE 'incident/INC-20260101-000000-' || lpad((1000001 + i % 1000)::text, 7, '0') END, 'h', 1,
        '{}', '{}', sha256(i::text::bytea) FROM generate_series(1, $1::int4) AS i`,
    [ENTRIES],
  );
  await openFirstEpoch(db, { origin: 'o/1', verifier_key: 'k' });
  await sequenceEntries(db, {});
  await db.query('ANALYZE log_index, log_mentions, ledger_entries, incidents');
});
afterAll(async () => {
  await db.end();
  await database.drop();
});

const LIMIT = 50;
/** One page and a lookahead of the walks of both workspaces, once in the index, once of the page in the log and its entries. */
const PAGES = 6 * (LIMIT + 1);

async function walksAnIndex(query: { text: string; values: unknown[] }, atMost = PAGES): Promise<void> {
  const nodes = await planOf(db, query);
  expect(nodes.filter((n) => n['Node Type'] === 'Seq Scan' && n['Relation Name'] !== 'log_heads')).toEqual([]);
  expect(rowsRead(nodes)).toBeLessThanOrEqual(atMost);
}

const middle = '2026-01-08T00:00:00.000Z';
const filters: Record<string, Partial<AuditFilter>> = {
  everything: {},
  'a span of time': { since: { at: '2026-01-03T00:00:00.000Z' }, until: { at: middle } },
  'the time before now': { since: { seconds_ago: 7 * 86_400 } },
  'an actor': { actor: 'often-1' },
  'a rare actor': { actor: 'rare' },
  'an actor until long ago': { actor: 'often-1', until: { at: '2026-01-02T00:00:00.000Z' } },
  'an action': { action: 'did-3' },
  'a rare action': { action: 'exported', since: { at: '2026-01-02T00:00:00.000Z' } },
  'an entity': { entity: 'node/local' },
  'an entity until long ago': { entity: 'node/local', until: { at: '2026-01-02T00:00:00.000Z' } },
  'a page behind another': { after: { at: middle, entry_id: 9000 } },
  'a page of an actor': { actor: 'often-2', after: { at: middle, entry_id: 9000 } },
};

describe('every search of the log walks an index', () => {
  it.each(Object.entries(filters))('of the audit: %s', async (_name, filter) => {
    await walksAnIndex(auditQuery({ workspace_id: 'default', limit: LIMIT, ...filter }));
  });

  it.each([
    ['all entries', undefined],
    ['an incident', 'incident/INC-20260101-000000-1000002'],
    ['a busy object', 'node/local'],
    ['a subject', 'subject/agent:2'],
  ])('of the stream of %s', async (_name, topic) => {
    const segment = { epoch: 1, from: 9_000, below: 18_000 };
    const query = eventsQuery({ workspaces: ['default', 'system'], topic, segment, limit: LIMIT });
    await walksAnIndex(query, 2 * PAGES);
  });

  it('of the tiles of a proof, complete ones and those at the edge', async () => {
    const wanted = [
      { level: 0, n: 3, width: 256 },
      { level: 0, n: Math.floor(ENTRIES / 256), width: ENTRIES % 256 },
      { level: 1, n: 0, width: Math.floor(ENTRIES / 256) },
    ];
    const values = [1, wanted.map((t) => t.level), wanted.map((t) => t.n), wanted.map((t) => t.width)];
    const hashes = wanted.reduce((sum, { width }) => sum + width, 0);
    await walksAnIndex({ text: TILES, values }, 6 * hashes);
    // As a log of a hundred million entries: from a cost of 100,000 on Postgres compiles a statement before it runs it.
    await db.query('BEGIN');
    await db.query(`UPDATE pg_class SET reltuples = 1e8 WHERE relname IN ('log_index', 'ledger_entries')`);
    const cost = await costOf(db, { text: TILES, values });
    await db.query('ROLLBACK');
    expect(cost).toBeLessThan(50_000);
  });

  it("of an incident's place in the log", async () => {
    const query = incidentInLogQuery('default', 'INC-20260101-000000-1000002');
    expect(await one(db, query.text, query.values)).toMatchObject({ ledger_index: expect.any(Number) as number });
    await walksAnIndex(query, 10);
  });
});
