import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createStateApp, attestationReport } from '../../../api/state-ports.ts';
import { pino } from 'pino';
import { closeServer, listen } from '../../../api/listen.ts';
import { freePorts } from '../../support/free-ports.ts';
import { startApi } from './api-under-test.ts';
import type { ApiUnderTest } from './api-under-test.ts';

let api: ApiUnderTest;
beforeAll(async () => {
  api = await startApi({ databaseUrl: `postgres://interlock@127.0.0.1:${await freePorts(1)}/gone` });
});
afterAll(() => api?.close());

const report = { class: 'tool_call_burst', source: 's', description: 'd' };

describe('without Postgres', () => {
  it('S4-33 health says so', async () => {
    const response = await api.get('/health');
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ code: 'database_unreachable' });
  });

  it('S3-01 healthz and readyz name it', async () => {
    const healthz = await api.get('/healthz');
    expect(healthz.status).toBe(503);
    expect(await healthz.json()).toEqual({ status: 'unavailable', failing: ['postgres'] });
    expect((await api.get('/readyz')).status).toBe(503);
  });

  it('a gate that cannot be asked about is closed', async () => {
    const response = await api.post('/v1/gates/check', { gate: 'airlock' });
    expect(response.status).toBe(503);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toMatchObject({ code: 'database_unreachable', open: false, holds: [] });
  });

  it('reports, reads and decisions are refused, none of them hangs', async () => {
    const id = 'INC-20260314-120000-0001';
    const answers = await Promise.all([
      api.post('/api/v1/incidents/report', report),
      api.get('/api/v1/incidents'),
      api.get(`/api/v1/incidents/get?id=${id}`),
      api.post('/api/v1/incidents/resolve', { id }),
      api.get('/api/v1/stats'),
      api.get('/v1/status'),
      api.post('/api/v1/reload', {}),
    ]);
    for (const answer of answers) {
      expect(answer.status).toBe(503);
      expect(answer.headers.get('retry-after')).toBe('1');
      expect(await answer.json()).toMatchObject({ code: 'database_unreachable' });
    }
  });

  it('the attestation state is unknown', async () => {
    const deps = { db: api.db, auth: { loopbackTrust: true }, log: pino({ level: 'silent' }) };
    const server = await listen(createStateApp(deps, attestationReport), '127.0.0.1', 0);
    const { port } = server.address() as { port: number };
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/state`);
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ state: 'unknown' });
    await closeServer(server);
  });
});
