import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../../db/client.ts';
import type { Database } from '../../../db/client.ts';
import { awaitingReattestationQuery } from '../../../db/read/awaiting-reattestation.ts';
import { adapterListQuery } from '../../../db/read/adapters.ts';
import { gateQuery } from '../../../db/read/check-gate.ts';
import { incidentListQuery } from '../../../db/read/list-incidents.ts';
import type { IncidentFilter } from '../../../db/read/list-incidents.ts';
import { pendingRecoveriesQuery } from '../../../db/read/pending-recoveries.ts';
import { quarantinedModelsQuery } from '../../../db/read/quarantined-models.ts';
import { testDatabase } from '../../support/postgres.ts';
import type { TestDatabase } from '../../support/postgres.ts';
import { planOf, rowsRead } from '../../support/query-plan.ts';
import { seedAdapters, seedIncidents } from './seed.ts';

let database: TestDatabase;
let db: Database;
beforeAll(async () => {
  database = await testDatabase();
  db = openDatabase({ url: database.url, name: 'test-plans', max: 1 });
  await seedIncidents(db, 20_000);
  await seedAdapters(db, 20_000);
});
afterAll(async () => {
  await db.end();
  await database.drop();
});

const plan = (query: { text: string; values: unknown[] }) => planOf(db, query);

const after = { severity_rank: 2, created_at: '2026-01-01T00:50:00.000Z', id: 'INC-20260101-000000-1009002' };
const filters: Record<string, Partial<IncidentFilter>> = {
  everything: {},
  'what awaits recovery': { state: 'contained' },
  'a state': { state: 'resolved' },
  'a rare state': { state: 'containment_failed' },
  'a class': { class: 'prompt_injection' },
  'a severity': { severity_rank: 3 },
  'a class and a severity': { class: 'attestation_failure', severity_rank: 1 },
  'a page behind another': { after },
  'a page of what awaits recovery': { state: 'contained', after },
  'a page of a class': { class: 'manifest_mismatch', after },
  'a state and a class': { state: 'resolved', class: 'tool_call_burst' },
  'what awaits recovery of a class': { state: 'contained', class: 'forbidden_airlock_request' },
  'a state, a class and a severity': { state: 'acknowledged', class: 'forbidden_airlock_request', severity_rank: 3 },
  'a page of a state and a class': { state: 'resolved', class: 'manifest_mismatch', after },
};

describe('every list walks an index', () => {
  it.each(Object.entries(filters))('of incidents: %s', async (_name, filter) => {
    const limit = 50;
    const nodes = await plan(incidentListQuery({ workspace_id: 'default', limit, ...filter }));
    expect(nodes.filter((n) => n['Node Type'] === 'Seq Scan')).toEqual([]);
    // One page and at most a lookahead per workspace, range and value of a filter that is missing: not what lies before or
    // behind it.
    const values =
      filter.class === undefined ? (filter.state === undefined || filter.state === 'contained' ? 1 : 9) : 5;
    expect(rowsRead(nodes)).toBeLessThanOrEqual(6 * values * (limit + 1));
  });

  it.each([undefined, { created_at: '2026-01-01T00:50:00.000Z', id: 'INC-20260101-000000-1009002' }])(
    'of pending recoveries after %j',
    async (position) => {
      const query = pendingRecoveriesQuery({
        workspace_id: 'default',
        limit: 50,
        ...(position ? { after: position } : {}),
      });
      const nodes = await plan(query);
      expect(nodes.filter((n) => n['Node Type'] === 'Seq Scan')).toEqual([]);
      expect(rowsRead(nodes)).toBeLessThanOrEqual(2 * 51);
    },
  );

  it('of what awaits a re-attestation', async () => {
    const nodes = await plan(awaitingReattestationQuery({ workspace_id: 'default', except: 'INC-none' }));
    expect(nodes.filter((n) => n['Node Type'] === 'Seq Scan')).toEqual([]);
    expect(rowsRead(nodes)).toBeLessThanOrEqual(2 * 2_000);
  });

  it.each([undefined, 'agent:7'])('of standing holds for target %s', async (target) => {
    const nodes = await plan(gateQuery('default', 'agent', target));
    expect(nodes.filter((n) => n['Node Type'] === 'Seq Scan')).toEqual([]);
    expect(rowsRead(nodes)).toBeLessThanOrEqual(4 * 20);
  });

  it.each([{}, { after: 'a5' }])('of adapters %j', async (page) => {
    const nodes = await plan(adapterListQuery({ workspace_id: 'default', limit: 50, ...page }));
    expect(nodes.filter((n) => n['Node Type'] === 'Seq Scan' && n['Relation Name'] === 'adapters')).toEqual([]);
    expect(rowsRead(nodes.filter((n) => n['Relation Name'] === 'adapters'))).toBeLessThanOrEqual(51);
  });

  it('of quarantined models', async () => {
    const nodes = await plan(quarantinedModelsQuery('default', 50));
    expect(nodes.filter((n) => n['Node Type'] === 'Seq Scan')).toEqual([]);
    // A page per workspace, and the incident of each that is shown.
    expect(rowsRead(nodes)).toBeLessThanOrEqual(3 * 50);
  });
});
