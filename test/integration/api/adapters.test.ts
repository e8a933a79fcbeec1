import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { one } from '../../../db/client.ts';
import { beginSending } from '../../../db/command/adapter-requests.ts';
import { recordAnswer, recordTrial } from '../../../db/command/acknowledge-adapter.ts';
import { findAdapter } from '../../../db/read/adapters.ts';
import { eventually } from '../../support/eventually.ts';
import { json, startApi } from './api-under-test.ts';
import type { ApiUnderTest } from './api-under-test.ts';

const DEFINITION = {
  mode: 'external',
  url: 'http://127.0.0.1:9/hook',
  actions: ['freeze_agent'],
  secret: { ref: 'env:ADAPTER_SECRET' },
  internal: true,
};

let api: ApiUnderTest;
beforeAll(async () => {
  api = await startApi();
});
afterAll(async () => {
  await api?.close();
});

const put = (name: string, body: unknown) =>
  api.get(`/v1/adapters/${name}`, {
    method: 'PUT',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
const report = (subject: string, headers: Record<string, string> = {}) =>
  api.post(
    '/api/v1/incidents/report',
    { class: 'tool_call_burst', source: 's', description: 'd', evidence: { subject } },
    headers,
  );

/** What the process of the adapter would do. */
async function answer(target: string): Promise<void> {
  const adapter = (await findAdapter(api.db, 'default', 'frost'))!;
  const of = { workspace_id: 'default', adapter_id: adapter.adapter_id, gate: 'agent' as const, target };
  const sending = await eventually(async () => beginSending(api.db, of, of));
  await recordAnswer(api.db, { ...of, sending: sending.sending, outcome: { ok: true, latency_ms: 3 } });
}

describe('adapters', () => {
  it('are registered, replaced and listed', async () => {
    expect(await json(api.get('/v1/adapters'))).toEqual([]);
    const created = await put('frost', DEFINITION);
    expect(created.status).toBe(201);
    expect(await created.json()).toMatchObject({
      name: 'frost',
      state: 'active',
      last_ack_at: null,
      unacknowledged: 0,
    });
    expect((await put('frost', DEFINITION)).status).toBe(200);
    const wider = await put('frost', { ...DEFINITION, actions: ['freeze_agent', 'disable_tool'] });
    expect(wider.status).toBe(200);
    const narrower = await put('frost', DEFINITION);
    expect(narrower.status).toBe(409);
    expect(await narrower.json()).toMatchObject({ code: 'adapter_narrowed' });
    expect(await json(api.get('/v1/adapters'))).toMatchObject([{ actions: ['freeze_agent', 'disable_tool'] }]);
  });

  it('are refused with an inline secret, an unknown action or a name that is none', async () => {
    const inline = await put('other', { ...DEFINITION, secret: 'hunter2' });
    expect(inline.status).toBe(400);
    expect(await inline.json()).toMatchObject({ fields: [{ path: 'secret', code: 'inline_secret' }] });
    expect((await put('other', { ...DEFINITION, actions: ['log_alert'] })).status).toBe(400);
    expect((await put('Not%20a%20name', DEFINITION)).status).toBe(400);
    expect((await api.post('/v1/adapters/none/lost', {})).status).toBe(404);
    expect((await api.get('/v1/adapters/frost')).status).toBe(405);
  });

  it('delay the answer of a report that prefers to wait', async () => {
    const waiting = report('agent:waits', { Prefer: 'wait=10' });
    await answer('agent:waits');
    const reply = await waiting;
    expect(reply.status).toBe(201);
    expect(reply.headers.get('preference-applied')).toBe('wait=10');
    expect(await reply.json()).toMatchObject({ state: 'contained', containment_results: [{ success: true }] });
  });

  it('leave the incident open until then, with what they have not acknowledged in status', async () => {
    const incident = await json(report('agent:late'));
    expect(incident).toMatchObject({ state: 'open', containment_results: [] });
    expect((await api.get(`/api/v1/incidents?state=contained`)).status).toBe(200);
    await api.db.query("UPDATE adapter_targets SET due_at = due_at - interval '10 seconds' WHERE due");
    const status = await json<{ health: { warnings: { code: string }[] } }>(api.get('/v1/status'));
    expect(status.health.warnings.map((w) => w.code)).toContain('adapter_unacknowledged');
    await answer('agent:late');
    expect(await json(api.get(`/api/v1/incidents/get?id=${String(incident['id'])}`))).toMatchObject({
      state: 'contained',
    });
  });

  it('are tried on request', async () => {
    const asked = json(api.post('/v1/adapters/frost/test', {}));
    const adapter = await eventually(async () => {
      const found = await findAdapter(api.db, 'default', 'frost');
      return found?.trial_id !== null && found;
    });
    await recordTrial(api.db, adapter, adapter.trial_id!, { ok: false, code: 'unreachable' });
    expect(await asked).toEqual({ name: 'frost', ok: false, error: 'unreachable' });
  });

  it('say that they lost what they held', async () => {
    expect(await json(api.post('/v1/adapters/frost/lost', {}))).toEqual({ status: 'resending', incidents: 2 });
    await answer('agent:waits');
    await answer('agent:late');
    expect(await one(api.db, "SELECT id FROM incidents WHERE state <> 'contained'")).toBeUndefined();
  });

  it('S1-107 are retired by typing their name, and stay in status', async () => {
    const typed = (confirm?: string) => api.post('/v1/adapters/frost/retire', { reason: 'destroyed', confirm });
    expect((await typed()).status).toBe(409);
    expect(await json(typed('frost'))).toMatchObject({ status: 'retired', single_operator: true });
    expect((await typed('frost')).status).toBe(404);
    const status = await json<{ health: { warnings: { code: string }[] } }>(api.get('/v1/status'));
    expect(status.health.warnings.map((w) => w.code)).toContain('adapter_retired');
    expect(await json(report('agent:after'))).toMatchObject({ state: 'contained' });
  });
});
