import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApi } from './api-under-test.ts';
import type { ApiUnderTest } from './api-under-test.ts';
import { rawRequest } from './raw-request.ts';

let api: ApiUnderTest;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api?.close());

describe('loopback trust', () => {
  it.each([
    { Forwarded: 'for=192.0.2.1' },
    { 'X-Forwarded-For': '192.0.2.1' },
    { 'X-Forwarded-Proto': 'https' },
    { Via: '1.1 proxy' },
    { 'X-Real-IP': '192.0.2.1' },
    { 'Sec-Fetch-Site': 'cross-site' },
    { 'Sec-Fetch-Site': 'same-site' },
  ])('refuses a request with %j', async (headers) => {
    for (const path of ['/api/v1/incidents', '/health']) {
      const answer = await rawRequest(api.port, path, headers);
      expect(answer.status).toBe(403);
      expect(answer.body['code']).toBe('proxied_without_auth');
      expect(answer.headers['content-type']).toBe('application/problem+json');
    }
  });

  it.each(['interlock.example', '192.0.2.1', 'localhost.example'])('refuses the foreign host %s', async (host) => {
    const answer = await rawRequest(api.port, '/api/v1/incidents', { Host: `${host}:${api.port}` });
    expect([answer.status, answer.body['code']]).toEqual([403, 'forbidden_host']);
  });

  it('refuses another port and no port in Host', async () => {
    for (const host of [`localhost:${api.port + 1}`, 'localhost'])
      expect((await rawRequest(api.port, '/health', { Host: host })).status).toBe(403);
  });

  it.each(['http://localhost:1', 'https://interlock.example', 'null'])(
    'refuses the foreign origin %s',
    async (origin) => {
      const answer = await rawRequest(api.port, '/api/v1/incidents', { Origin: origin });
      expect([answer.status, answer.body['code']]).toEqual([403, 'forbidden_origin']);
    },
  );

  it.each(['localhost', '127.0.0.1', '[::1]', 'LOCALHOST'])(
    'takes its own host %s and its own origin',
    async (name) => {
      const host = `${name}:${api.port}`;
      const headers = { Host: host, Origin: `http://${host}`, 'Sec-Fetch-Site': 'same-origin' };
      expect((await rawRequest(api.port, '/api/v1/incidents', headers)).status).toBe(200);
    },
  );

  it('the caller is local-operator in the workspace they name', async () => {
    const headers = { 'X-Interlock-Workspace': 'lab', 'X-Interlock-On-Behalf-Of': 'agent:7' };
    const report = { class: 'forbidden_airlock_request', source: 's', description: 'd' };
    expect((await api.post('/api/v1/incidents/report', report, headers)).status).toBe(201);
    const { rows } = await api.db.query('SELECT workspace_id, actor, on_behalf_of FROM incidents');
    expect(rows).toEqual([{ workspace_id: 'lab', actor: 'local-operator', on_behalf_of: 'agent:7' }]);
  });

  it.each([{ 'X-Interlock-Workspace': '../x' }, { 'X-Interlock-On-Behalf-Of': 'x'.repeat(257) }])(
    'refuses %j',
    async (headers) => {
      const answer = await rawRequest(api.port, '/api/v1/incidents', headers);
      expect([answer.status, answer.body['code']]).toEqual([400, 'validation_failed']);
    },
  );
});
