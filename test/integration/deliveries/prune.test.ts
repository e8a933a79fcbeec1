import { afterAll, beforeAll, expect, it } from 'vitest';
import { one, rows } from '../../../db/client.ts';
import { prunableQuery, pruneDeliveries } from '../../../db/command/prune-deliveries.ts';
import { planOf, rowsRead } from '../../support/query-plan.ts';
import { openRecord, OPERATOR, reportIncident } from '../../support/record.ts';

const WORKSPACE = OPERATOR.workspace_id;
let record: Awaited<ReturnType<typeof openRecord>>;
beforeAll(async () => {
  record = await openRecord();
});
afterAll(() => record?.close());

interface Settled {
  days?: number | null;
  state?: string;
  notification_id?: number;
  over?: boolean;
  stored?: boolean;
}

let n = 0;
/** A delivery that was settled `days` ago, with the process that sent it. */
async function settled({ days = 91, state = 'delivered', notification_id, over = true, stored = true }: Settled = {}) {
  const delivery_id = `DLV-${String((n += 1)).padStart(16, '0')}`;
  const at = days === null ? null : `${days} days`;
  await record.db.query(
    `INSERT INTO deliveries (workspace_id, delivery_id, hook, notification_id, severity_rank, body, state, attempts, created_at,
        settled_at, actor) VALUES ($1, $2, 'pager', $3, 1, '{}', $4, 1, now(), now() - $5::interval, 'test')`,
    [WORKSPACE, delivery_id, notification_id ?? 1_000_000 + n, state, at],
  );
  await record.db.query(
    `INSERT INTO process (workspace_id, workflow_id, type, subject, severity_rank, created_at, over_at, history_at, actor)
      VALUES ($1, 'delivery/' || $2, 'delivery', $2, 1, now(), CASE WHEN $3 THEN now() END, CASE WHEN $4 THEN now() END, 'test')`,
    [WORKSPACE, delivery_id, over, stored],
  );
  return delivery_id;
}
const left = async () =>
  (await rows<{ id: string }>(record.db, 'SELECT delivery_id AS id FROM deliveries ORDER BY 1')).map(({ id }) => id);

it('deliveries that were settled long ago are forgotten in batches, each with its entry; others stay', async () => {
  const { db } = record;
  await reportIncident(db, 'unauthorized_access', { evidence: { subject: 'agent:open' } });
  const open = await one<{ id: number }>(db, 'SELECT id FROM notifications WHERE incident_id IS NOT NULL LIMIT 1');
  const kept = [
    await settled({ days: 89 }),
    await settled({ days: null, state: 'pending' }),
    await settled({ notification_id: open?.id ?? 0 }),
    await settled({ stored: false }),
    await settled({ over: false, stored: false }),
  ];
  for (let i = 0; i < 4; i++) await settled();
  await settled({ days: 400, state: 'dead' });
  expect([await pruneDeliveries(db, 3), await pruneDeliveries(db, 3), await pruneDeliveries(db, 3)]).toEqual([3, 2, 0]);
  expect(await left()).toEqual(kept);
  expect(await one(db, `SELECT count(*)::int4 AS n FROM process WHERE type = 'delivery'`)).toEqual({ n: kept.length });
  const entries = await rows<{ detail: string; workspace_id: string }>(
    db,
    `SELECT workspace_id, detail FROM ledger_entries WHERE action = 'deliveries_pruned' ORDER BY entry_id`,
  );
  expect(entries.map(({ workspace_id, detail }) => [workspace_id, JSON.parse(detail) as unknown])).toMatchObject([
    [WORKSPACE, { count: 3, dead: 1 }],
    [WORKSPACE, { count: 2, dead: 0 }],
  ]);
});

it('what is to be forgotten is found by an index, however many stay', async () => {
  const { db } = record;
  await db.query(
    `INSERT INTO deliveries (workspace_id, delivery_id, hook, notification_id, severity_rank, body, state, attempts, created_at,
        settled_at, actor)
      SELECT $1, 'DLV-young-' || g, 'pager', 2000000 + g, 1, '{}', 'delivered', 1, now(), now(), 'test'
        FROM generate_series(1, 5000) AS g`,
    [WORKSPACE],
  );
  await db.query('ANALYZE deliveries');
  await settled();
  expect(rowsRead(await planOf(db, prunableQuery(500)))).toBeLessThan(50);
  expect(await pruneDeliveries(db)).toBe(1);
});
