import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { EngineAnswer, EngineRequest } from '../../../api/engine.ts';
import { acknowledgeRecovery } from '../../../db/command/acknowledge.ts';
import { decideIncident } from '../../../db/command/decide-incident.ts';
import type { Decided, Decision } from '../../../db/command/decide-incident.ts';
import { json, startApi } from './api-under-test.ts';
import type { ApiUnderTest } from './api-under-test.ts';

let api: ApiUnderTest;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api?.close());
beforeEach(() => {
  api.engine.sent = [];
  api.engine.answer = viaTransaction;
});

const decisionOf = (r: EngineRequest): Decision => ({
  ...r.input.caller,
  incident_id: r.incident_id,
  decision_id: r.decision_id,
  request_digest: r.input.request_digest,
});

const answerOf = (decided: Decided): EngineAnswer =>
  decided.ok ? { kind: 'accepted' } : { kind: 'refused', code: decided.code, missing: decided.missing ?? [] };

/** What the real process does with a decision. */
async function viaTransaction(r: EngineRequest): Promise<EngineAnswer> {
  if (r.update === 'ack') return answerOf(await acknowledgeRecovery(api.db, decisionOf(r), r.input));
  if (r.update === 'reattest') return { kind: 'refused', code: 'tpm_unavailable' };
  return answerOf(await decideIncident(api.db, decisionOf(r), { kind: 'resolve', operator: r.input.caller.actor }));
}

let n = 0;
async function latched(cls = 'manifest_mismatch'): Promise<string> {
  n += 1;
  const body = { class: cls, source: `s${n}`, description: 'd', evidence: { subject: `agent:${n}` } };
  return (await json<{ id: string }>(api.post('/api/v1/incidents/report', body))).id;
}

const ack = (id: string, more: object = {}, headers = {}) =>
  api.post('/api/v1/recovery/ack', { incident_id: id, operator: 'me@org', ...more }, headers);
const resolve = (id: string, headers = {}) => api.post('/api/v1/incidents/resolve', { id }, headers);
const reattest = (id: string) => api.post('/api/v1/recovery/reattest', { incident_id: id });

async function expectRefusal(
  response: Promise<Response>,
  status: number,
  code: string,
  more: object = {},
): Promise<void> {
  expect(await json(response)).toMatchObject({ status, code, ...more });
}

describe('decisions', () => {
  it('S4-23 S4-24 S4-34 ack and resolve go to the ceremony and come back from the record', async () => {
    const id = await latched();
    const acked = await ack(id, { note: 'reviewed\nthoroughly' }, { 'Idempotency-Key': 'ack-1' });
    expect([acked.status, await acked.json()]).toEqual([200, { status: 'acknowledged' }]);
    expect(api.engine.sent).toEqual([
      {
        workflow_type: 'recoveryCeremony',
        workflow_id: `recovery/${id}`,
        severity_rank: 2,
        workspace_id: 'default',
        incident_id: id,
        decision_id: 'ack-1',
        update: 'ack',
        input: {
          operator: 'me@org',
          note: 'reviewed\nthoroughly',
          caller: { workspace_id: 'default', actor: 'local-operator', on_behalf_of: null },
          request_digest: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
        },
      },
    ]);
    const resolved = await json(resolve(id));
    expect(resolved).toMatchObject({ state: 'resolved', acked_by: 'me@org', resolved_by: 'local-operator' });
    expect(await json(resolve(id))).toEqual(resolved);
    expect(api.engine.sent).toHaveLength(2);
    await expectRefusal(ack(id), 409, 'already_resolved');
    await expectRefusal(reattest(id), 409, 'already_resolved');
  });

  it('a known decision id is answered from the record, another request under it is refused', async () => {
    const id = await latched();
    const headers = { 'Idempotency-Key': 'ack-2' };
    expect((await ack(id, {}, headers)).status).toBe(200);
    expect((await ack(id, {}, headers)).status).toBe(200);
    expect(api.engine.sent).toHaveLength(1);
    await expectRefusal(ack(id, { operator: 'other' }, headers), 409, 'idempotency_key_reused');
    expect((await resolve(id)).status).toBe(200);
    expect((await ack(id, {}, headers)).status).toBe(200);
  });

  it('S4-16 an incomplete ceremony is refused with what is missing', async () => {
    const id = await latched('attestation_failure');
    await expectRefusal(resolve(id), 409, 'recovery_incomplete', { missing: ['ack', 'reattest'] });
    await expectRefusal(reattest(id), 503, 'tpm_unavailable');
    expect(api.engine.sent.map((r) => r.severity_rank)).toEqual([1, 1]);
  });

  it('a stale containment binding is refused', async () => {
    await expectRefusal(ack(await latched(), { containment_binding: 'f'.repeat(64) }), 409, 'containment_changed');
  });

  it('a failed appraisal names its claims', async () => {
    api.engine.answer = () => ({ kind: 'refused', code: 'appraisal_failed', missing: ['node-1: pcr_digest'] });
    await expectRefusal(reattest(await latched('integrity_violation')), 409, 'appraisal_failed', {
      claims: ['node-1: pcr_digest'],
    });
  });

  it('S4-26 re-attestation where none is required is refused', async () => {
    await expectRefusal(reattest(await latched()), 409, 'reattest_not_required');
    expect(api.engine.sent).toEqual([]);
  });

  it('S4-25 an incident without a ceremony takes its ack as a command', async () => {
    const body = { class: 'policy_bypass_attempt', source: 'once', description: 'd' };
    const { id } = await json<{ id: string }>(api.post('/api/v1/incidents/report', body));
    expect((await ack(id)).status).toBe(200);
    expect(await json(api.get(`/api/v1/incidents/get?id=${id}`))).toMatchObject({
      acked_by: 'me@org',
      state: 'contained',
    });
    expect(await json(resolve(id))).toMatchObject({ state: 'resolved' });
    expect(api.engine.sent).toEqual([]);
  });

  it('a resolve that only a response waits for goes to the response', async () => {
    const body = { class: 'tool_call_burst', source: 'waits', description: 'd' };
    const { id } = await json<{ id: string }>(api.post('/api/v1/incidents/report', body));
    await api.db.query(
      `INSERT INTO process (workspace_id, workflow_id, type, subject, severity_rank, created_at, actor)
        VALUES ('default', $1, 'incidentResponse', $2, 3, now(), 'test')`,
      [`incident/${id}`, id],
    );
    expect(await json(resolve(id))).toMatchObject({ state: 'resolved' });
    expect(api.engine.sent.map((r) => [r.workflow_id, r.workflow_type])).toEqual([
      [`incident/${id}`, 'incidentResponse'],
    ]);
  });

  it('an engine out of reach is 503 and leaves the latch', async () => {
    api.engine.answer = () => ({ kind: 'unreachable' });
    const id = await latched();
    const response = await ack(id);
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await response.json()).toMatchObject({ code: 'temporal_unreachable' });
    expect(await json(api.get(`/api/v1/incidents/get?id=${id}`))).toMatchObject({ state: 'contained' });
  });

  it('an engine that took the decision and then fell silent is answered for by the record', async () => {
    api.engine.answer = async (r) => {
      await viaTransaction(r);
      return { kind: 'unreachable' };
    };
    expect((await ack(await latched())).status).toBe(200);
  });

  it("a process that was over is asked once more, then it is the engine's fault", async () => {
    let asked = 0;
    api.engine.answer = (r) => (++asked === 1 ? { kind: 'gone' } : viaTransaction(r));
    expect((await ack(await latched())).status).toBe(200);
    expect(api.engine.sent).toHaveLength(2);
    api.engine.answer = () => ({ kind: 'gone' });
    await expectRefusal(ack(await latched()), 503, 'temporal_unreachable');
  });

  it('a process that is over because somebody else resolved it is answered from the record', async () => {
    api.engine.answer = async (r) => {
      await acknowledgeRecovery(api.db, { ...decisionOf(r), decision_id: 'theirs' }, { operator: 'they' });
      const theirs = { ...decisionOf(r), decision_id: 'theirs too' };
      await decideIncident(api.db, theirs, { kind: 'resolve', operator: 'they' });
      return { kind: 'gone' };
    };
    expect(await json(resolve(await latched()))).toMatchObject({ state: 'resolved', resolved_by: 'they' });
    await expectRefusal(ack(await latched()), 409, 'already_resolved');
  });

  it('too many updates of one process are 429', async () => {
    api.engine.answer = () => ({ kind: 'busy' });
    const response = await ack(await latched());
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '1']);
  });

  it('an incident of the instance is decided in default and travels in its own workspace', async () => {
    const body = { class: 'manifest_mismatch', source: 'watch', description: 'd' };
    const headers = { 'X-Interlock-Workspace': 'system' };
    const { id } = await json<{ id: string }>(api.post('/api/v1/incidents/report', body, headers));
    expect((await ack(id)).status).toBe(200);
    expect(api.engine.sent[0]).toMatchObject({
      workspace_id: 'system',
      input: { caller: { workspace_id: 'default' } },
    });
  });
});
