import { afterAll, beforeAll, expect, it } from 'vitest';
import { Spool } from '../../../api/forensic/spool.ts';
import { writePayload } from '../../../api/forensic/write-payload.ts';
import { rows } from '../../../db/client.ts';
import type { Queryable } from '../../../db/client.ts';
import { startForensic } from '../../support/forensic.ts';
import type { ForensicUnderTest } from '../../support/forensic.ts';
import { seedIncidents } from '../api/seed.ts';

let f: ForensicUnderTest;
beforeAll(async () => {
  f = await startForensic();
  await seedIncidents(f.db, 20_000);
  await f.db.query(
    `INSERT INTO ledger_entries (workspace_id, at, actor, action, object, detail, leaf, leaf_hash)
      SELECT workspace_id, created_at, 'seed', 'seeded', 'incident/' || id, '{}', '{}', sha256(convert_to(id, 'UTF8')) FROM incidents`,
  );
  await f.db.query(
    `INSERT INTO acknowledgements (workspace_id, incident_id, decision_id, operator, binding, at, actor)
      SELECT workspace_id, id, 'd', 'me@org', 'b', created_at, 'seed' FROM incidents`,
  );
  await f.db.query(
    `INSERT INTO challenges (workspace_id, challenge_id, node, nonce, purpose, incidents, created_at, expires_at, actor)
      SELECT 'system', 'CHL-' || i, 'local', 'n' || i, CASE WHEN i % 100 = 0 THEN 'reattest' ELSE 'watch' END, '[]',
        timestamptz '2026-01-01' + i * interval '1 second', now(), 'seed' FROM generate_series(1, 20000) AS g(i)`,
  );
  await f.db.query(
    `INSERT INTO attestation_results (workspace_id, node, challenge_id, passed, simulated, claims, evidence, reference_version, at, actor)
      SELECT 'system', 'local', challenge_id, true, true, '[]', '{}', 1, now(), 'seed' FROM challenges`,
  );
  await f.published();
  await f.db.query('ANALYZE');
});
afterAll(() => f?.close());

interface Plan {
  'Node Type': string;
  'Relation Name'?: string;
  Plans?: Plan[];
}

const scanned = (plan: Plan): string[] => [
  ...(plan['Node Type'] === 'Seq Scan' ? [plan['Relation Name'] ?? ''] : []),
  ...(plan.Plans ?? []).flatMap(scanned),
];

/** Of tiles there are too few here for an index to be worth it. */
const GROW = [
  'incidents',
  'holds',
  'ledger_entries',
  'log_index',
  'acknowledgements',
  'challenges',
  'attestation_results',
];

it.each(['default', 'lab'])(
  'what an export of the workspace %s asks of tables that grow, an index answers',
  async (workspace_id) => {
    const asked: { text: string; values: unknown[] }[] = [];
    const tx: Queryable = {
      query: ((statement: { text: string; values?: unknown[] }) => {
        asked.push({ text: statement.text, values: statement.values ?? [] });
        return f.db.query(statement);
      }) as Queryable['query'],
    };
    const spool = await Spool.open(f.stateRoot);
    const { incidents } = await writePayload(tx, spool, { workspace_id, watchIntervalMs: 30_000 });
    await spool.close();
    expect(incidents).toBe(workspace_id === 'default' ? 20_000 : 0);
    const texts = Map.groupBy(asked, ({ text }) => text);
    expect(texts.size).toBeGreaterThan(12);
    for (const [text, [first, ...others]] of texts) {
      const values = (others.at(-1) ?? first)?.values ?? [];
      const [row] = await rows<{ 'QUERY PLAN': { Plan: Plan }[] }>(f.db, `EXPLAIN (FORMAT JSON) ${text}`, values);
      const plans = (row?.['QUERY PLAN'] ?? []).flatMap(({ Plan }) => scanned(Plan));
      expect([text, plans.filter((table) => GROW.includes(table))]).toEqual([text, []]);
    }
  },
);
