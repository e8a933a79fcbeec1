import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../../db/client.ts';
import type { Database } from '../../../db/client.ts';
import { exportListQuery, listExports, pendingExports } from '../../../db/read/exports.ts';
import type { ExportPage } from '../../../db/read/exports.ts';
import { testDatabase } from '../../support/postgres.ts';
import type { TestDatabase } from '../../support/postgres.ts';
import { planOf, rowsRead } from '../../support/query-plan.ts';
import { seedExports } from '../../support/seeded-exports.ts';

let database: TestDatabase;
let db: Database;
beforeAll(async () => {
  database = await testDatabase();
  db = openDatabase({ url: database.url, name: 'test-plans', max: 1 });
  await seedExports(db, 10_000);
});
afterAll(async () => {
  await db?.end();
  await database?.drop();
});

const after = { created_at: '2026-01-01T01:00:00.000Z', id: 'EXP-20260101-00001000' };
const PAGES: Record<string, Partial<ExportPage>> = {
  everything: {},
  'a state': { state: 'pending_approval' },
  'a rare state': { state: 'failed' },
  'a bundle': { name: 'bundle-7' },
  'a reason': { reason_code: 'registry_unreachable' },
  'a page behind another': { after },
  'a page of a state': { state: 'pending_approval', after },
  'a bundle in a state': { name: 'bundle-7', state: 'pending_approval' },
};

describe('lists of exports', () => {
  it.each(Object.entries(PAGES))('walk an index: %s', async (_name, page) => {
    const limit = 50;
    const nodes = await planOf(db, exportListQuery({ workspace_id: 'default', limit, ...page }));
    expect(nodes.filter((n) => n['Node Type'] === 'Seq Scan')).toEqual([]);
    // Of two filters one is walked, and the other leaves out what it does not want.
    expect(rowsRead(nodes)).toBeLessThanOrEqual((Object.keys(page).length > 1 ? 10 : 1) * (limit + 1));
  });

  it('come in pages without gaps or repeats, newest first', async () => {
    const seen: string[] = [];
    for (let next: ExportPage['after'] | null = undefined; next !== null;) {
      const page: Awaited<ReturnType<typeof listExports>> = await listExports(db, {
        workspace_id: 'default',
        limit: 300,
        name: 'bundle-7',
        ...(next === undefined ? {} : { after: next }),
      });
      seen.push(...page.items.map((x) => x.export_id));
      next = page.next;
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toEqual([...seen].sort().reverse());
    expect(await pendingExports(db, 'default')).toBe(1000);
  });
});
