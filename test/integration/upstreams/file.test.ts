import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { json, startApi } from '../api/api-under-test.ts';
import type { ApiUnderTest } from '../api/api-under-test.ts';
import { removeTree } from '../../support/remove-tree.ts';

const FILE = `
version: 1
upstreams:
  - name: registry
    kind: registry
    url: https://registry.example
    auth_ref: env:REGISTRY_TOKEN
  - name: model
    kind: provider
    url: https://models.example/v1
    default: true
`;

let api: ApiUnderTest;
let folder: string;
let path: string;
beforeAll(async () => {
  api = await startApi();
  folder = mkdtempSync(join(tmpdir(), 'interlock-upstreams-'));
  path = join(folder, 'upstreams.yaml');
  writeFileSync(path, FILE);
});
afterAll(async () => {
  await api?.close();
  removeTree(folder);
});

type Status = Record<'files' | 'health' | 'provider_readiness', Record<string, unknown>>;
const status = () => json<Status>(api.get('/v1/status'));
const warned = async () => ((await status()).health['warnings'] as { code: string }[]).map(({ code }) => code);
const entries = async () =>
  (await api.db.query("SELECT detail FROM ledger_entries WHERE action = 'upstreams_loaded'")).rows as {
    detail: string;
  }[];

describe('the reviewed upstreams file', () => {
  it('S1-16 is loaded by a reload under its digest, and differs from then on when it is edited', async () => {
    expect((await status()).files['upstreams']).toEqual({ configured: false });
    api.upstreamsFile.path = path;
    expect(await warned()).toContain('upstreams_drift');
    const reloaded = await json(api.post('/api/v1/reload', {}));
    expect(reloaded['upstreams_digest']).toMatch(/^[0-9a-f]{64}$/);
    expect((await status()).files['upstreams']).toMatchObject({
      configured: true,
      active_digest: reloaded['upstreams_digest'],
      drift: false,
    });
    expect(await warned()).not.toContain('upstreams_drift');
    expect(JSON.parse((await entries())[0]!.detail)).toMatchObject({
      digest: reloaded['upstreams_digest'],
      previous: null,
    });
    writeFileSync(path, FILE.replace('registry.example', 'elsewhere.example'));
    expect(await warned()).toContain('upstreams_drift');
    expect((await status()).files['upstreams']).toMatchObject({ drift: true, error: null });
    writeFileSync(path, FILE);
    await api.post('/api/v1/reload', {});
    expect(await entries()).toHaveLength(1);
  });

  it('S1-04 is refused with the place of a credential in it, and what is loaded stays', async () => {
    writeFileSync(path, FILE.replace('https://models.example', 'https://me:hunter2@models.example'));
    const refused = await api.post('/api/v1/reload', {});
    const body = await refused.text();
    expect(refused.status).toBe(400);
    expect(JSON.parse(body)).toMatchObject({
      code: 'upstreams_invalid',
      fields: [{ path: 'upstreams[1].url', code: 'inline_secret' }],
    });
    expect(body).not.toContain('hunter2');
    expect((await status()).files['upstreams']).toMatchObject({ drift: true, error: 'upstreams_invalid' });
    expect(await entries()).toHaveLength(1);
  });

  it('never says what stands in a line that is no YAML', async () => {
    writeFileSync(path, `${FILE}  token: "hunter2`);
    const body = await (await api.post('/api/v1/reload', {})).text();
    expect(JSON.parse(body)).toMatchObject({ code: 'upstreams_invalid' });
    expect(body).not.toContain('hunter2');
    writeFileSync(path, FILE);
  });

  it('S1-123 has routes that are not ready before anybody asked them', async () => {
    expect((await status()).provider_readiness).toMatchObject({
      configured: true,
      active_route_ready: false,
      error_route_count: 2,
      routes: [
        { name: 'model', default: true, ok: false, code: 'unchecked' },
        { name: 'registry', default: false, ok: false, code: 'unchecked' },
      ],
    });
  });
});
