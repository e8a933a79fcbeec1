import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { watchTokens } from '../../../api/auth/tokens-file.ts';
import type { WatchAnswer } from '../../../api/watch-engine.ts';
import { startApi } from './api-under-test.ts';
import type { ApiUnderTest } from './api-under-test.ts';

const folder = mkdtempSync(join(tmpdir(), 'interlock-tokens-'));
const file = join(folder, 'tokens.jsonl');
const hash = (token: string) => createHash('sha256').update(token).digest('hex');
const entry = (token: string, role: string, workspace = 'default') =>
  JSON.stringify({ sha256: hash(token), user: token, role, workspace });

let api: ApiUnderTest;
let alone: ApiUnderTest;
beforeAll(async () => {
  const tokens = [
    entry('olga', 'security_owner'),
    entry('nina', 'security_owner'),
    entry('otto', 'operator'),
    entry('lena', 'security_owner', 'lab'),
  ];
  writeFileSync(file, tokens.join('\n'));
  api = await startApi({ auth: { loopbackTrust: false, tokens: watchTokens(file, () => undefined) } });
  alone = await startApi({ databaseUrl: api.databaseUrl });
});
afterAll(async () => {
  await alone?.close();
  await api?.close();
  rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  await api.db.query('DELETE FROM two_person_requests');
  await api.db.query('DELETE FROM attestation_nodes');
  for (const node of ['n1', 'n2'])
    await api.db.query(
      `INSERT INTO attestation_nodes (workspace_id, node, state, ek_public, ek_trust, ak_public, ak_name, enrolled_at,
          reboot_pending, missed_quotes, last_passed, last_result_at, last_pass_at, version, actor)
        VALUES ('system', $1, 'enrolled', '', 'simulated', '', '', now(), false, 0, true, now(), now(), 1, 'test')`,
      [node],
    );
});

const as = (token: string, more: Record<string, string> = {}) => ({ Authorization: `Bearer ${token}`, ...more });
const answers = (answer: WatchAnswer) => {
  api.engine.ask = async () => answer;
  api.engine.replace = async () => answer;
};
async function post(path: string, body: unknown, token = 'olga', more: Record<string, string> = {}) {
  const response = await api.post(path, body, as(token, more));
  return { status: response.status, ...((await response.json()) as Record<string, unknown>) };
}

const APPROVE = '/v1/attestation/reference/approve';
const RETIRE = '/v1/attestation/retire';
const ENROLL = '/v1/attestation/enroll';

describe('decisions about nodes and baselines', () => {
  it.each([
    [APPROVE, { node: 'n1', pcr: 23, reason: 'r' }],
    [RETIRE, { node: 'n1', reason: 'r' }],
    [ENROLL, { node: 'n1', replace: true, reason: 'r' }],
    ['/v1/integrity/baseline/approve', { baseline: 'protected', reason: 'r' }],
  ])('%s are for a security_owner of the instance', async (path, body) => {
    expect(await post(path, body, 'otto')).toMatchObject({ status: 403, code: 'not_permitted' });
    expect(await post(path, body, 'lena')).toMatchObject({ status: 403, code: 'not_permitted' });
  });

  it('say which field is wrong', async () => {
    expect(await post(APPROVE, { node: 'n1', pcr: 24, reason: ' ', tpm: 1 })).toMatchObject({
      status: 400,
      fields: [
        { path: 'tpm', code: 'unknown_field' },
        { path: 'reason', code: 'required' },
        { path: 'pcr', code: 'invalid_value' },
      ],
    });
    expect(await post(ENROLL, { node: 'n1', replace: false, reason: 'r' })).toMatchObject({ status: 400 });
    expect(await post('/v1/models/release', { target: '*', how: 'verified', reason: 'r' })).toMatchObject({
      status: 400,
      fields: [{ path: 'target', code: 'invalid_value' }],
    });
  });

  it('are 404 for what is not there', async () => {
    expect(await post(APPROVE, { node: 'n9', pcr: 1, reason: 'r' })).toMatchObject({
      status: 404,
      code: 'node_not_found',
    });
    expect(await post(RETIRE, { node: 'n9', reason: 'r' })).toMatchObject({ status: 404, code: 'node_not_found' });
    for (const path of ['/v1/integrity/check', '/v1/integrity/baseline/approve'])
      expect(await post(path, { baseline: 'none', ...(path.endsWith('check') ? {} : { reason: 'r' }) })).toMatchObject({
        status: 404,
        code: 'baseline_not_found',
      });
    const diff = await api.get('/v1/integrity/diff?baseline=none', { headers: as('otto') });
    expect(diff.status).toBe(404);
  });

  it('are answered by the watch: a version, a refusal, or who did not answer', async () => {
    const body = { node: 'n1', pcr: 23, reason: 'r', ticket: 'CHG-1' };
    answers({ kind: 'accepted', result: { version: 2 } });
    expect(await post(APPROVE, body)).toEqual({ status: 200, version: 2 });
    answers({ kind: 'refused', code: 'no_evidence' });
    expect(await post(APPROVE, body)).toMatchObject({ status: 409, code: 'no_evidence' });
    answers({ kind: 'unreachable' });
    expect(await post(APPROVE, body)).toMatchObject({ status: 503, code: 'temporal_unreachable' });
    answers({ kind: 'busy' });
    expect(await post(APPROVE, body)).toMatchObject({ status: 429 });
  });

  it('carry what was reviewed to the watch, which may refuse it', async () => {
    const reviewed = 'ab'.repeat(32);
    const sent: unknown[] = [];
    api.engine.ask = async ({ input }) => {
      sent.push((input as { reviewed?: string }).reviewed);
      return { kind: 'refused', code: 'observation_changed' };
    };
    await api.db.query(
      `INSERT INTO integrity_baselines (workspace_id, baseline, version, envelope, digest, reason, created_at, actor)
        VALUES ('system', 'protected', 1, '', '', '', now(), 'test') ON CONFLICT DO NOTHING`,
    );
    for (const [path, body] of [
      [APPROVE, { node: 'n1', pcr: 23, reason: 'r' }],
      ['/v1/integrity/baseline/approve', { baseline: 'protected', reason: 'r' }],
    ] as const) {
      expect(await post(path, { ...body, reviewed })).toMatchObject({ status: 409, code: 'observation_changed' });
      await post(path, body);
      expect(await post(path, { ...body, reviewed: 'AB'.repeat(32) })).toMatchObject({
        status: 400,
        fields: [{ path: 'reviewed', code: 'invalid_value' }],
      });
    }
    expect(sent).toEqual([reviewed, undefined, reviewed, undefined]);
  });

  it('are recognised by their Idempotency-Key when the answer was lost', async () => {
    const body = { node: 'n1', pcr: 23, reason: 'r' };
    answers({ kind: 'accepted', result: { version: 3 } });
    let sent: { decision_id: string; digest: string } | undefined;
    api.engine.ask = async ({ decision_id, input }) => {
      const { request_digest } = input as { request_digest: string };
      sent = { decision_id, digest: request_digest };
      await api.db.query(
        `INSERT INTO decisions (workspace_id, aggregate, decision_id, kind, request_digest, outcome, at, actor)
          VALUES ('system', 'node/n1', $1, 'approve_reference', $2, '{"ok":true,"version":3}', now(), 'olga')`,
        [decision_id, request_digest],
      );
      return { kind: 'unreachable' };
    };
    const key = { 'Idempotency-Key': 'k-1' };
    expect(await post(APPROVE, body, 'olga', key)).toEqual({ status: 200, version: 3 });
    expect(sent?.decision_id).toBe('k-1');
    answers({ kind: 'unreachable' });
    expect(await post(APPROVE, body, 'olga', key)).toEqual({ status: 200, version: 3 });
    for (const other of [{ pcr: 1 }, { reviewed: 'ab'.repeat(32) }])
      expect(await post(APPROVE, { ...body, ...other }, 'olga', key)).toMatchObject({
        status: 409,
        code: 'idempotency_key_reused',
      });
  });
});

describe('what takes two people', () => {
  it('waits for the second, and says so', async () => {
    const first = await api.post(RETIRE, { node: 'n1', reason: 'r' }, as('olga'));
    expect([first.status, await first.json()]).toEqual([202, { status: 'second_person_required' }]);
    expect(await post(RETIRE, { node: 'n1', reason: 'r' }, 'nina')).toMatchObject({ retired_by: ['olga', 'nina'] });
    expect(await post(RETIRE, { node: 'n2', reason: 'r' })).toMatchObject({ code: 'last_node' });
    const listed = (await (await api.get('/v1/attestation', { headers: as('otto') })).json()) as { nodes: object[] };
    expect(listed.nodes).toMatchObject([
      { node: 'n1', state: 'retired' },
      { node: 'n2', state: 'enrolled' },
    ]);
    const status = (await (await api.get('/v1/status', { headers: as('otto') })).json()) as {
      health: { warnings: { code: string }[] };
    };
    expect(status.health.warnings.map((w) => w.code)).toContain('node_retired');
  });

  it('enrols a successor when both have said so', async () => {
    answers({ kind: 'accepted', result: { passed: true } });
    const body = { node: 'n1', replace: true, reason: 'r' };
    expect((await api.post(ENROLL, body, as('olga'))).status).toBe(202);
    expect(await post(ENROLL, body, 'nina')).toMatchObject({ status: 'replaced', replaced_by: ['olga', 'nina'] });
    answers({ kind: 'refused', code: 'tpm_failed' });
    expect(await post(ENROLL, body, 'nina')).toMatchObject({ code: 'tpm_unavailable' });
  });

  it('takes a typed confirmation in loopback trust, and is marked', async () => {
    const retire = async (body: object) => (await (await alone.post(RETIRE, body)).json()) as object;
    expect(await retire({ node: 'n1', reason: 'r' })).toMatchObject({ code: 'confirmation_required' });
    expect(await retire({ node: 'n1', reason: 'r', confirm: 'n2' })).toMatchObject({ code: 'confirmation_required' });
    expect(await retire({ node: 'n1', reason: 'r', confirm: 'n1' })).toEqual({
      status: 'retired',
      retired_by: ['local-operator'],
      single_operator: true,
    });
  });
});

it('a diff needs the public key of the instance', async () => {
  const response = await api.get('/v1/attestation/diff?node=n1', { headers: as('otto') });
  expect([response.status, await response.json()]).toMatchObject([503, { code: 'verification_key_missing' }]);
});

it('a pass speaks for a node only while its watch looks', async () => {
  const state = async () =>
    ((await (await api.get('/v1/attestation', { headers: as('otto') })).json()) as { state: string }).state;
  expect(await state()).toBe('trusted');
  await api.db.query("UPDATE attestation_nodes SET last_pass_at = last_pass_at - interval '3 minutes'");
  expect(await state()).toBe('unknown');
});
