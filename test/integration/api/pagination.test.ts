import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApi } from './api-under-test.ts';
import type { ApiUnderTest } from './api-under-test.ts';
import { seedAdapters, seedIncidents } from './seed.ts';

let api: ApiUnderTest;
beforeAll(async () => {
  api = await startApi();
  await seedIncidents(api.db, 600);
  await seedAdapters(api.db, 60);
});
afterAll(() => api?.close());

/** Follows `Link: rel="next"` to the end. */
async function walk<T>(first: string, itemsOf: (body: unknown) => T[]): Promise<T[]> {
  const all: T[] = [];
  for (let path: string | undefined = first; path !== undefined;) {
    const response = await api.get(path);
    expect(response.status).toBe(200);
    all.push(...itemsOf(await response.json()));
    path = /^<(.+)>; rel="next"$/.exec(response.headers.get('link') ?? '')?.[1];
  }
  return all;
}

const idsOf = (body: unknown) => (body as { id: string }[]).map((i) => i.id);
const recoveriesOf = (body: unknown) =>
  (body as { pending_recoveries: { incident_id: string }[] }).pending_recoveries.map((r) => r.incident_id);

async function expected(where: string, order = 'severity_rank, created_at DESC, id'): Promise<string[]> {
  const { rows } = await api.db.query<{ id: string }>(`SELECT id FROM incidents WHERE ${where} ORDER BY ${order}`);
  return rows.map((row) => row.id);
}

describe('pagination', () => {
  it.each([7, 50, 1000])('S4-18 pages of %i cover every incident exactly once, in order', async (limit) => {
    expect(await walk(`/api/v1/incidents?limit=${limit}`, idsOf)).toEqual(await expected('true'));
  });

  it('S4-18 state=contained pages through everything that waits for recovery', async () => {
    const awaiting = await expected("state IN ('contained', 'containment_failed')");
    expect(await walk('/api/v1/incidents?state=contained&limit=11', idsOf)).toEqual(awaiting);
  });

  it('pages keep their filters', async () => {
    const found = await walk('/api/v1/incidents?class=manifest_mismatch&severity=high&limit=13', idsOf);
    expect(found).toEqual(await expected("class = 'manifest_mismatch' AND severity = 'high'"));
  });

  it('S4-22 recovery status pages oldest first', async () => {
    const pending = await expected('recovery_pending', 'created_at, id');
    expect(await walk('/api/v1/recovery/status?limit=7', recoveriesOf)).toEqual(pending);
  });

  it.each([7, 60, 1000])('pages of %i cover every adapter of the workspace exactly once, by name', async (limit) => {
    const namesOf = (body: unknown) => (body as { name: string }[]).map((a) => a.name);
    const { rows } = await api.db.query<{ name: string }>(
      "SELECT name FROM adapters WHERE workspace_id = 'default' ORDER BY name",
    );
    expect(await walk(`/v1/adapters?limit=${limit}`, namesOf)).toEqual(rows.map((row) => row.name));
    expect((await api.get('/v1/adapters?cursor=x')).status).toBe(400);
    expect((await api.get('/v1/adapters?limit=1001')).status).toBe(400);
  });

  it.each(['x', 'W10', 'WzEsImEiLCJiIl0', Buffer.from('[1,"2026-01-01T00:00:00.000Z","a",1]x').toString('base64url')])(
    'refuses the cursor %s',
    async (cursor) => {
      const response = await api.get(`/api/v1/incidents?cursor=${cursor}`);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({
        code: 'validation_failed',
        fields: [{ path: 'cursor', code: 'invalid_value' }],
      });
    },
  );

  it('another workspace sees none of them', async () => {
    const response = await api.get('/api/v1/incidents', { headers: { 'X-Interlock-Workspace': 'other' } });
    expect(await response.json()).toEqual([]);
  });
});
