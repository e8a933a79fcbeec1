import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rows } from '../../../db/client.ts';
import { json, startApi } from './api-under-test.ts';
import type { ApiUnderTest } from './api-under-test.ts';

let api: ApiUnderTest;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api?.close());

const LATER = '2999-01-01T00:00:00Z';
const set = (cls: string, source: string, expected_count: number, more: object = {}) => ({
  class: cls,
  source,
  created_before: LATER,
  expected_count,
  operator: 'me@org',
  ...more,
});
const ackSet = (body: object, headers = {}) => api.post('/v1/recovery/ack-set', body, headers);
const resolveSet = (body: object, headers = {}) => api.post('/v1/incidents/resolve-set', body, headers);

async function report(cls: string, source: string, times: number, workspace = 'default'): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < times; i++) {
    const body = { class: cls, source, description: 'd', evidence: { subject: `agent:${i}` } };
    const headers = { 'X-Interlock-Workspace': workspace };
    ids.push((await json<{ id: string }>(api.post('/api/v1/incidents/report', body, headers))).id);
  }
  return ids;
}

describe('decisions about a set', () => {
  it('acknowledge and resolve every incident of a class and source, and no other', async () => {
    const ids = await report('manifest_mismatch', 'flood', 3);
    const [other] = await report('manifest_mismatch', 'elsewhere', 1);
    await report('manifest_mismatch', 'flood', 1, 'lab');
    expect(await json(ackSet(set('manifest_mismatch', 'flood', 3)))).toEqual({ changed: 3 });
    expect(await json(resolveSet(set('manifest_mismatch', 'flood', 3)))).toEqual({ changed: 3 });
    for (const id of ids)
      expect(await json(api.get(`/api/v1/incidents/get?id=${id}`))).toMatchObject({
        state: 'resolved',
        acked_by: 'me@org',
        resolved_by: 'local-operator',
      });
    const stays = await json(api.get(`/api/v1/incidents/get?id=${other}`));
    expect(stays).toMatchObject({ state: 'contained' });
    expect(stays['acked_at']).toBeUndefined();
    const acks = await rows(api.db, `SELECT DISTINCT decision_id FROM acknowledgements`);
    expect(acks).toHaveLength(1);
  });

  it('S4-14 each incident is judged by its own row: one whose ceremony is incomplete stays', async () => {
    const [first, second] = (await report('integrity_violation', 'mixed', 2)) as [string, string];
    const answer = await json(resolveSet(set('integrity_violation', 'mixed', 2)));
    const refused = (incident_id: string) => ({
      incident_id,
      code: 'recovery_incomplete',
      missing: ['ack', 'reattest'],
    });
    expect(answer).toEqual({ changed: 0, refused: [refused(first), refused(second)] });
    expect(await json(ackSet(set('integrity_violation', 'mixed', 2)))).toEqual({ changed: 2 });
    expect((await json(ackSet(set('integrity_violation', 'mixed', 2))))['code']).toBe('count_changed');
    expect(await json(ackSet(set('integrity_violation', 'mixed', 0)))).toEqual({ changed: 0 });
  });

  it('another number than the expected one decides nothing and says how many there are', async () => {
    const [id] = (await report('tool_call_burst', 'counted', 2)) as [string, string];
    const refusal = await resolveSet(set('tool_call_burst', 'counted', 1));
    expect(refusal.status).toBe(409);
    expect(await refusal.json()).toMatchObject({ code: 'count_changed', error: 'The set has 2 incidents, not 1' });
    expect(await json(api.get(`/api/v1/incidents/get?id=${id}`))).toMatchObject({ state: 'contained' });
    expect(
      (await resolveSet(set('tool_call_burst', 'counted', 0, { created_before: '2020-01-01T00:00:00Z' }))).status,
    ).toBe(200);
  });

  it('a repeat under the same key is answered with what was decided, another request is refused', async () => {
    await report('tool_call_burst', 'repeated', 2);
    const headers = { 'Idempotency-Key': 'set-1' };
    const body = set('tool_call_burst', 'repeated', 2);
    const both = await Promise.all([json(resolveSet(body, headers)), json(resolveSet(body, headers))]);
    expect(both).toEqual([{ changed: 2 }, { changed: 2 }]);
    expect((await json(resolveSet(set('tool_call_burst', 'repeated', 3), headers)))['code']).toBe(
      'idempotency_key_reused',
    );
  });

  it('the decision has its own entry, beside those of the incidents', async () => {
    const entries = await rows<{ action: string; detail: string }>(
      api.db,
      `SELECT action, detail FROM ledger_entries WHERE object = 'incident-set/set-1' ORDER BY entry_id`,
    );
    expect(entries.map((e) => e.action)).toEqual(['set_decided']);
    expect(JSON.parse(entries[0]?.detail ?? '')).toMatchObject({ decision: 'resolve_set', changed: 2, refused: 0 });
  });

  it.each([
    [{ class: 'nope' }, 'class', 'unknown_class'],
    [{ created_before: 'yesterday' }, 'created_before', 'invalid_value'],
    [{ created_before: '2026-01-01' }, 'created_before', 'invalid_value'],
    [{ expected_count: 1001 }, 'expected_count', 'invalid_value'],
    [{ expected_count: '1' }, 'expected_count', 'invalid_type'],
    [{ operator: ' ' }, 'operator', 'required'],
    [{ also: 1 }, 'also', 'unknown_field'],
  ])('refuses %j', async (wrong, path, code) => {
    const response = await ackSet(set('manifest_mismatch', 's', 0, wrong));
    expect(response.status).toBe(400);
    expect((await response.json()) as object).toMatchObject({ fields: [{ path, code }] });
  });
});
