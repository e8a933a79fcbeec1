import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { json, startApi } from './api-under-test.ts';
import type { ApiUnderTest } from './api-under-test.ts';

let api: ApiUnderTest;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api?.close());

interface Verdict {
  open: boolean;
  holds: Record<string, unknown>[];
}

const check = (body: object, workspace = 'default'): Promise<Verdict> =>
  json<Verdict>(api.post('/v1/gates/check', body, { 'X-Interlock-Workspace': workspace }));
const report = (evidence: object, workspace = 'default', cls = 'tool_call_burst') =>
  json<{ id: string }>(
    api.post(
      '/api/v1/incidents/report',
      { class: cls, source: 's', description: 'd', evidence },
      { 'X-Interlock-Workspace': workspace },
    ),
  );

describe('gates', () => {
  it('every gate is open while nothing is held', async () => {
    for (const gate of ['agent', 'airlock', 'vault', 'model', 'tool'])
      expect(await check({ gate })).toEqual({ open: true, holds: [] });
    const gates = await json<{ gate: string }[]>(api.get('/v1/gates'));
    expect(gates.map((g) => g.gate)).toEqual(['agent', 'airlock', 'vault', 'model', 'tool']);
  });

  it('S4-15 a hold closes its gate for its target from the commit on, and resolving opens it', async () => {
    const { id } = await report({ subject: 'agent:a' });
    const closed = await check({ gate: 'agent', target: 'agent:a' });
    expect(closed.open).toBe(false);
    expect(closed.holds).toEqual([
      {
        hold_id: `${id}/freeze_agent`,
        incident_id: id,
        since: expect.any(String) as string,
        reason: 'medium tool_call_burst',
      },
    ]);
    expect((await check({ gate: 'agent', target: 'agent:b' })).open).toBe(true);
    expect((await check({ gate: 'agent' })).open).toBe(false);
    expect((await check({ gate: 'airlock' })).open).toBe(true);
    expect((await check({ gate: 'agent', target: 'agent:a' }, 'lab')).open).toBe(true);
    await api.post('/api/v1/incidents/resolve', { id });
    expect((await check({ gate: 'agent', target: 'agent:a' })).open).toBe(true);
  });

  it('a hold on everything closes the gate for every target, and resolving one incident never opens what another closed', async () => {
    const all = await report({});
    const one = await report({ subject: 'agent:a' });
    expect((await check({ gate: 'agent', target: 'agent:z' })).open).toBe(false);
    expect((await check({ gate: 'agent', target: 'agent:a' })).holds).toHaveLength(2);
    await api.post('/api/v1/incidents/resolve', { id: all.id });
    expect((await check({ gate: 'agent', target: 'agent:a' })).holds.map((h) => h['incident_id'])).toEqual([one.id]);
    expect((await check({ gate: 'agent', target: 'agent:z' })).open).toBe(true);
    await api.post('/api/v1/incidents/resolve', { id: one.id });
  });

  it('what the instance holds is closed in every workspace', async () => {
    await report({}, 'system', 'attestation_failure');
    for (const workspace of ['default', 'lab'])
      for (const gate of ['agent', 'airlock', 'vault'])
        expect((await check({ gate, target: 'x' }, workspace)).open).toBe(false);
  });

  it('a gate shows the first twenty of its holds and how many stand', async () => {
    for (let i = 0; i < 22; i++) await report({ subject: `agent:${i}` }, 'busy');
    const gates = await json<(Verdict & { gate: string; hold_count: number })[]>(
      api.get('/v1/gates', { headers: { 'X-Interlock-Workspace': 'busy' } }),
    );
    const agent = gates.find((g) => g.gate === 'agent');
    expect([agent?.open, agent?.holds.length]).toEqual([false, 20]);
    // Five bursts in a minute escalate; what the instance itself holds counts too.
    expect(agent?.hold_count).toBe(23);
  });
});
