import { afterAll, beforeAll, expect, it } from 'vitest';
import { one } from '../../../db/client.ts';
import type { DeliveryStanding } from '../../../db/read/deliveries.ts';
import { json, startApi } from '../api/api-under-test.ts';
import type { ApiUnderTest } from '../api/api-under-test.ts';

let api: ApiUnderTest;
beforeAll(async () => {
  api = await startApi();
  for (const [i, workspace] of ['default', 'system', 'other', 'system', 'default'].entries())
    await api.db.query(
      `INSERT INTO deliveries (workspace_id, delivery_id, hook, notification_id, severity_rank, body, state, attempts, created_at,
          settled_at, actor)
        VALUES ($1, $2, 'pager', $3::int8, 1, '{}', 'dead', 20, now() - $3::int8 * interval '1 minute', now(), 'test')`,
      [workspace, `DLV-000000000000000${i}`, i],
    );
});
afterAll(() => api?.close());

const listed = async (path: string, ids: string[] = []): Promise<string[]> => {
  const answer = await api.get(path);
  const page = (await answer.json()) as DeliveryStanding[];
  const next = /<([^>]+)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1];
  const all = [...ids, ...page.map(({ delivery_id }) => delivery_id.slice(-1))];
  return next === undefined ? all : listed(next, all);
};

it('what the instance itself had to say is seen, and sent again, by those who decide for it', async () => {
  expect(await listed('/v1/deliveries')).toEqual(['0', '1', '3', '4']);
  expect(await listed('/v1/deliveries?limit=1&state=dead')).toEqual(['0', '1', '3', '4']);
  const id = 'DLV-0000000000000001';
  expect(await json(api.get(`/v1/deliveries/${id}`))).toMatchObject({ delivery_id: id, state: 'dead' });
  expect((await api.post(`/v1/deliveries/${id}/retry`, {}, { 'X-Interlock-Workspace': 'other' })).status).toBe(404);
  expect((await api.post(`/v1/deliveries/${id}/retry`, {})).status).toBe(200);
  expect(await one(api.db, 'SELECT state FROM deliveries WHERE delivery_id = $1', [id])).toEqual({ state: 'pending' });
  expect(
    await one(api.db, `SELECT workspace_id, object FROM ledger_entries WHERE action = 'delivery_retried'`),
  ).toEqual({ workspace_id: 'system', object: `delivery/${id}` });
  expect((await api.get('/v1/deliveries/DLV-0000000000000002')).status).toBe(404);
});
