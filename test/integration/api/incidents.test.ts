import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashCanonical } from '../../../domain/canonical/hash.ts';
import { sha256 } from '../../support/incidents.ts';
import { json, startApi } from './api-under-test.ts';
import type { ApiUnderTest } from './api-under-test.ts';

let api: ApiUnderTest;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api?.close());

interface View extends Record<string, unknown> {
  id: string;
  state: string;
}

const DIGEST = `sha256:${'a'.repeat(64)}`;
const report = async (fields: Record<string, unknown> = {}, headers: Record<string, string> = {}): Promise<Response> =>
  api.post(
    '/api/v1/incidents/report',
    { class: 'tool_call_burst', source: 'gateway', description: 'seen', ...fields },
    headers,
  );
const reported = async (fields: Record<string, unknown> = {}): Promise<View> => json<View>(report(fields));
const act = (what: string, id: string): Promise<Response> => api.post(`/api/v1/incidents/${what}`, { id });

describe('incidents', () => {
  it('S4-33 health counts open and total incidents', async () => {
    const response = await api.get('/health');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await response.json()).toEqual({ status: 'ok', open_incidents: 0, total_incidents: 0 });
  });

  it('an empty list is [] and never null', async () => {
    expect(await json(api.get('/api/v1/incidents'))).toEqual([]);
    expect(await json(api.get('/api/v1/recovery/status'))).toEqual({ pending_recoveries: [], count: 0 });
    expect(await json(api.get('/api/v1/stats'))).toEqual({
      total_incidents: 0,
      open_incidents: 0,
      contained_count: 0,
      resolved_count: 0,
      by_class: {},
      open_by_severity: {},
    });
  });

  it('S4-01 S4-19 S4-20 a report becomes an incident that get returns', async () => {
    const made = await report({ class: 'manifest_mismatch', evidence: { model_digest: DIGEST, subject: 'agent:a' } });
    expect(made.status).toBe(201);
    const incident = (await made.json()) as View;
    expect(incident).toMatchObject({
      id: expect.stringMatching(/^INC-\d{8}-\d{6}-\d{4}$/) as string,
      class: 'manifest_mismatch',
      severity: 'high',
      state: 'contained',
      evidence: { model_digest: DIGEST, subject: 'agent:a' },
      containment_actions: ['quarantine_model', 'freeze_agent'],
    });
    expect(await json(api.get(`/api/v1/incidents/get?id=${incident.id}`))).toEqual(incident);
  });

  it('a dedup key folds a second report into the open incident', async () => {
    const first = await report({ dedup_key: 'k', evidence: { subject: 'agent:d' } });
    const second = await report({ dedup_key: 'k', evidence: { subject: 'agent:d' } });
    expect([first.status, second.status]).toEqual([201, 200]);
    const [a, b] = [(await first.json()) as View, (await second.json()) as View];
    expect(b).toMatchObject({ id: a.id, occurrences: 2, folded_by: 'dedup' });
    expect(b).not.toHaveProperty('containment_targets');
  });

  it('an idempotency key makes a retry safe and refuses another request', async () => {
    const headers = { 'Idempotency-Key': 'retry-1' };
    const first = (await json<View>(report({ source: 'r' }, headers))).id;
    const again = await report({ source: 'r' }, headers);
    expect([again.status, ((await again.json()) as View).id]).toEqual([201, first]);
    const other = await report({ source: 'another' }, headers);
    expect(other.status).toBe(409);
    expect(await other.json()).toMatchObject({ code: 'idempotency_key_reused' });
  });

  it('Prefer: wait answers at once when no adapter is waited for', async () => {
    const response = await report({ source: 'w' }, { Prefer: 'respond-async, wait=5' });
    expect(response.status).toBe(201);
    expect(response.headers.get('preference-applied')).toBe('wait=5');
  });

  it('S4-18 lists by state, class and severity, highest severity first', async () => {
    const seen = await json<View[]>(api.get('/api/v1/incidents?state=contained'));
    expect(seen[0]).toMatchObject({ class: 'manifest_mismatch', severity: 'high', state: 'contained' });
    const medium = await json<View[]>(api.get('/api/v1/incidents?class=tool_call_burst&severity=medium'));
    expect(medium.length).toBeGreaterThan(0);
    expect(new Set(medium.map((i) => i['class']))).toEqual(new Set(['tool_call_burst']));
    expect(await json(api.get('/api/v1/incidents?state=acknowledged'))).toEqual([]);
  });

  it('an open incident without containment is acknowledged by triage', async () => {
    const { id, state } = await reported({ class: 'forbidden_airlock_request', source: 't' });
    expect(state).toBe('open');
    const response = await act('acknowledge', id);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ id, state: 'acknowledged', triaged_by: 'local-operator' });
  });

  it('S4-17 S4-34 a non-latched incident resolves directly and once', async () => {
    const { id } = await reported({ source: 'q' });
    const first = await act('resolve', id);
    expect(first.status).toBe(200);
    const resolved = (await first.json()) as View;
    expect(resolved).toMatchObject({ id, state: 'resolved', resolved_at: expect.any(String) as string });
    expect(await json(act('resolve', id))).toEqual(resolved);
    expect(await json(act('acknowledge', id))).toMatchObject({ code: 'already_resolved', status: 409 });
    expect(api.engine.sent).toEqual([]);
  });

  it('S4-51 S4-52 stats count for ever', async () => {
    const stats = await json<Record<string, number> & { open_by_severity: object }>(api.get('/api/v1/stats'));
    const health = await json<Record<string, number>>(api.get('/health'));
    expect(stats).toMatchObject({
      total_incidents: health['total_incidents'],
      open_incidents: health['open_incidents'],
    });
    expect(stats['resolved_count']).toBe(1);
    expect(stats['contained_count']).toBe((stats['total_incidents'] ?? 0) - 1);
    expect(stats['by_class']).toMatchObject({ manifest_mismatch: 1, forbidden_airlock_request: 1 });
    const open = Object.values(stats.open_by_severity) as number[];
    expect(open.reduce((a, b) => a + b)).toBe(stats['open_incidents']);
  });

  it('S4-22 recovery status lists what the ceremony waits for', async () => {
    const status = await json<{ pending_recoveries: Record<string, unknown>[]; count: number }>(
      api.get('/api/v1/recovery/status'),
    );
    expect(status.count).toBe(1);
    expect(status.pending_recoveries).toEqual([
      expect.objectContaining({
        incident_class: 'manifest_mismatch',
        require_ack: true,
        require_reattest: false,
        acked_at: '',
        acked_by: '',
        re_attested_at: '',
        recovery_complete: false,
        containment_latch_active: true,
      }),
    ]);
  });

  it('HEAD has the headers of GET and no body', async () => {
    const response = await api.get('/health', { method: 'HEAD' });
    expect(response.status).toBe(200);
    expect(Number(response.headers.get('content-length'))).toBeGreaterThan(0);
    expect(await response.text()).toBe('');
  });

  it('reload makes the reviewed file the active policy and keeps it when the file does not parse', async () => {
    const good = await api.post('/api/v1/reload', {});
    expect(good.status).toBe(200);
    expect(await good.json()).toEqual({
      status: 'reloaded',
      policy_digest: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    });
    const bare = await api.get('/api/v1/reload', { method: 'POST' });
    expect(bare.status).toBe(200);
    api.policyFile.path = new URL('./incidents.test.ts', import.meta.url).pathname;
    const bad = await api.post('/api/v1/reload', {});
    expect(bad.status).toBe(400);
    expect(await bad.json()).toMatchObject({ code: 'policy_invalid' });
  });
});

describe('an incident with several targets', () => {
  it('a folded report that names another target closes the gate for it too, and the incident shows both', async () => {
    const of = (subject: string) => reported({ dedup_key: 'wider', evidence: { subject } });
    await of('agent:one');
    const folded = await of('agent:two');
    const targets = ['agent:one', 'agent:two'].map((target) => ({ action: 'freeze_agent', target }));
    expect(folded).toMatchObject({
      state: 'contained',
      evidence: { subject: 'agent:one' },
      containment_actions: ['freeze_agent'],
      containment_targets: targets,
      containment_results: targets.map((of) => ({ ...of, success: true })),
    });
    expect(await json(api.get(`/api/v1/incidents/get?id=${folded.id}`))).toEqual(folded);
    const { hash, ...record } = folded;
    expect(hash).toBe(hashCanonical(record, sha256));
    const gate = await json<{ holds: { hold_id: string }[] }>(
      api.post('/v1/gates/check', { gate: 'agent', target: 'agent:two' }),
    );
    expect(gate.holds.map((h) => h.hold_id)).toContain(`${folded.id}/freeze_agent/2`);
  });
});
