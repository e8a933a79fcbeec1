import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createOidc } from '../../../api/auth/oidc.ts';
import { claimsTable } from '../../../domain/identity/oidc-claims.ts';
import { AUDIENCE, issuerKey, pipelineToken, startIssuer } from '../../support/oidc-issuer.ts';
import type { IssuerKey, OidcIssuer } from '../../support/oidc-issuer.ts';
import { startApi } from './api-under-test.ts';
import type { ApiUnderTest } from './api-under-test.ts';

const table = claimsTable.parse([{ match: { repository: 'acme/app' }, role: 'operator', workspace: 'lab' }]);

let key: IssuerKey, issuer: OidcIssuer, api: ApiUnderTest;
beforeAll(async () => {
  key = await issuerKey('k');
  issuer = await startIssuer([key.jwk]);
  const oidc = createOidc({ issuer: issuer.url, audience: AUDIENCE, rules: () => table, backOffMs: 0, keysFreshMs: 0 });
  api = await startApi({ auth: { loopbackTrust: false, oidc } });
});
afterAll(async () => {
  await api?.close();
  await issuer?.close();
});

const bearer = async (claims: object = {}) => ({
  Authorization: `Bearer ${await pipelineToken(issuer.url, key, { ...claims })}`,
});
const report = { class: 'manifest_mismatch', source: 'pipeline', description: 'd', severity: 'critical' };

describe('a pipeline with an OIDC token', () => {
  it('reports, in its workspace and under its own name', async () => {
    expect((await api.post('/api/v1/incidents/report', report, await bearer())).status).toBe(201);
    const { rows } = await api.db.query('SELECT workspace_id, actor FROM incidents');
    const host = new URL(issuer.url).host;
    expect(rows).toEqual([{ workspace_id: 'lab', actor: `oidc:${host}:repo:acme/app:ref:refs/heads/main` }]);
    const elsewhere = { ...(await bearer()), 'X-Interlock-Workspace': 'default' };
    expect((await api.get('/api/v1/incidents', { headers: elsewhere })).status).toBe(403);
  });

  it.each([
    '/api/v1/incidents/resolve',
    '/v1/incidents/resolve-set',
    '/api/v1/incidents/acknowledge',
    '/api/v1/recovery/ack',
    '/v1/recovery/ack-set',
  ])('never decides: %s', async (path) => {
    const response = await api.post(path, {}, await bearer());
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ code: 'not_permitted' });
  });

  it('is nobody with a token that no rule takes', async () => {
    const response = await api.get('/api/v1/incidents', { headers: await bearer({ repository: 'acme/other' }) });
    expect([response.status, await response.json()]).toEqual([
      401,
      expect.objectContaining({ code: 'unauthenticated' }),
    ]);
  });

  it('gets 503 oidc_unreachable while the keys of the issuer cannot be had', async () => {
    const headers = await bearer();
    issuer.instead.set('/keys', { status: 500, body: '' });
    const response = await api.get('/api/v1/incidents', { headers });
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ code: 'oidc_unreachable' });
    issuer.instead.clear();
    expect((await api.get('/api/v1/incidents', { headers })).status).toBe(200);
  });
});
