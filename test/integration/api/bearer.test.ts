import { createHash } from 'node:crypto';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { watchTokens } from '../../../api/auth/tokens-file.ts';
import { startApi } from './api-under-test.ts';
import type { ApiUnderTest } from './api-under-test.ts';

const folder = mkdtempSync(join(tmpdir(), 'interlock-tokens-'));
const file = join(folder, 'tokens.jsonl');
const hash = (token: string) => createHash('sha256').update(token).digest('hex');
const entry = (token: string, more: object) => JSON.stringify({ sha256: hash(token), user: token, ...more });

const ENTRIES = [
  entry('vera', { role: 'viewer' }),
  entry('rob', { role: 'reporter', source: 'gateway', classes: ['tool_call_burst'] }),
  entry('olga', { roles: ['operator', 'viewer'] }),
  entry('lena', { role: 'operator', workspace: 'lab' }),
  entry('ada', { role: 'org_admin' }),
  entry('aud', { role: 'auditor' }),
];

function replace(lines: string[]): void {
  writeFileSync(`${file}.new`, lines.join('\n'));
  renameSync(`${file}.new`, file);
}

const written: string[] = [];
const trail = { write: ({ code }: { code: string }) => void written.push(code), close: () => undefined };

let api: ApiUnderTest;
beforeAll(async () => {
  replace(ENTRIES);
  api = await startApi({ auth: { loopbackTrust: false, tokens: watchTokens(file, () => undefined) } });
});
afterAll(async () => {
  await api?.close();
  rmSync(folder, { recursive: true });
});

const as = (token: string) => ({ Authorization: `Bearer ${token}` });
const report = (fields: object = {}) => ({ class: 'tool_call_burst', source: 'gateway', description: 'd', ...fields });

describe('bearer tokens', () => {
  it.each([{}, as('mallory'), { Authorization: 'Basic dmVyYTo=' }, { Authorization: 'Bearer' }])(
    'answers 401 with WWW-Authenticate to %j',
    async (headers) => {
      const response = await api.get('/api/v1/incidents', { headers });
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toBe('Bearer realm="interlock"');
      expect(await response.json()).toMatchObject({ code: 'unauthenticated' });
    },
  );

  it('S1-26 open endpoints need no token', async () => {
    for (const path of ['/health', '/healthz']) expect((await api.get(path)).status).toBe(200);
    expect((await api.get('/readyz')).status).toBe(503);
  });

  it('a proxy in front is no reason to refuse', async () => {
    const headers = { ...as('vera'), 'X-Forwarded-For': '192.0.2.1' };
    expect((await api.get('/api/v1/incidents', { headers })).status).toBe(200);
  });

  it.each([
    ['vera', 'POST', '/api/v1/incidents/report'],
    ['vera', 'POST', '/api/v1/incidents/resolve'],
    ['vera', 'POST', '/api/v1/recovery/ack'],
    ['vera', 'POST', '/api/v1/reload'],
    ['rob', 'GET', '/api/v1/incidents'],
    ['rob', 'POST', '/v1/gates/check'],
    ['rob', 'GET', '/v1/status'],
    ['olga', 'POST', '/api/v1/reload'],
    ['ada', 'POST', '/api/v1/recovery/reattest'],
  ])('%s may not %s %s', async (user, method, path) => {
    const response = await api.get(path, { method, headers: as(user) });
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ code: 'not_permitted' });
  });

  it("a reporter's token is bound to its source and classes", async () => {
    const send = (body: object) => api.post('/api/v1/incidents/report', body, as('rob')).then((r) => r.status);
    expect(await send(report())).toBe(201);
    expect(await send(report({ source: 'another' }))).toBe(403);
    expect(await send(report({ class: 'prompt_injection' }))).toBe(403);
  });

  it('a token sees and writes its own workspace only', async () => {
    expect((await api.post('/api/v1/incidents/report', report({ source: 'lab' }), as('lena'))).status).toBe(201);
    const list = (token: string) => api.get('/api/v1/incidents', { headers: as(token) }).then((r) => r.json());
    expect(await list('lena')).toMatchObject([{ source: 'lab' }]);
    expect(await list('vera')).toMatchObject([{ source: 'gateway' }]);
    const foreign = await api.get('/api/v1/incidents', {
      headers: { ...as('lena'), 'X-Interlock-Workspace': 'default' },
    });
    expect(foreign.status).toBe(403);
  });

  it('S1-128 guesses past ten are 429 with Retry-After, and who proved who they are goes on', async () => {
    const guessing = await startApi({
      auth: { loopbackTrust: false, tokens: watchTokens(file, () => undefined), trail },
    });
    try {
      const list = (token: string) => guessing.get('/api/v1/incidents', { headers: as(token) });
      expect((await list('vera')).status).toBe(200);
      for (let i = 0; i < 10; i++) expect((await list(`guess-${i}`)).status).toBe(401);
      const limited = await list('olga');
      expect(limited.status).toBe(429);
      expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(1);
      expect(await limited.json()).toMatchObject({ code: 'auth_rate_limited' });
      expect((await list('vera')).status).toBe(200);
      expect((await guessing.get('/healthz')).status).toBe(200);
      expect(written.filter((code) => code !== 'unauthenticated')).toEqual(['auth_rate_limited']);
    } finally {
      await guessing.close();
    }
  });

  it('a token that was removed from the file stops working within a second', async () => {
    const status = () => api.get('/api/v1/incidents', { headers: as('vera') }).then((r) => r.status);
    expect(await status()).toBe(200);
    replace(ENTRIES.slice(1));
    await pause(700);
    expect(await status()).toBe(401);
    replace(ENTRIES);
    await pause(700);
    expect(await status()).toBe(200);
  });
});

describe('roles', () => {
  it('evidence is for auditors and who handles the incident', async () => {
    const { id } = (await (await api.post('/api/v1/incidents/report', report(), as('olga'))).json()) as { id: string };
    const manifest = { manifest_digest: 'a'.repeat(64), files: 1, bytes: 1, absent: 0 };
    const asked = async (token: string) => [
      ...(await Promise.all(
        ['histories', 'evidence', 'history?workflow_id=recovery%2Fx&run_id=x'].map(
          async (list) => (await api.get(`/v1/incidents/${id}/${list}`, { headers: as(token) })).status,
        ),
      )),
      (await api.post(`/v1/incidents/${id}/evidence`, manifest, as(token))).status,
    ];
    for (const token of ['aud', 'olga']) expect(await asked(token)).toEqual([200, 200, 404, 201]);
    for (const token of ['vera', 'ada', 'rob']) expect(await asked(token)).toEqual([403, 403, 403, 403]);
    const caller = await api.get('/v1/caller', { headers: as('aud') });
    expect(await caller.json()).toMatchObject({ actor: 'aud', roles: ['auditor'], workspace_id: 'default' });
  });
});
