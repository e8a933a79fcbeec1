import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openAuthentication } from '../../../api/auth/open-authentication.ts';
import { loadContainmentFile } from '../../../config/containment-file.ts';
import { openDatabase } from '../../../db/client.ts';
import type { Database } from '../../../db/client.ts';
import { ensurePolicy } from '../../../db/command/policies.ts';
import { SECRET } from '../../support/adapter-server.ts';
import { register, secretFile } from '../../support/adapters.ts';
import { testDatabase } from '../../support/postgres.ts';
import type { TestDatabase } from '../../support/postgres.ts';
import { tlsProxy } from '../../support/tls-proxy.ts';
import type { TlsProxy } from '../../support/tls-proxy.ts';
import { webhookHeaders } from '../../support/webhook.ts';
import { POLICY_FILE, startApi } from './api-under-test.ts';
import type { ApiUnderTest } from './api-under-test.ts';
import { removeTree } from '../../support/remove-tree.ts';

const run = promisify(execFile);
const NAME = 'interlock.example';
const PAGE = 'http://localhost:5173';
const STRANGE = 'https://page.example';
const ADMIN = 'ilk_the-token-of-the-administrator-0123456789';
const READER = 'ilk_the-token-of-whoever-only-reads-0123456789';

let root: string;
let database: TestDatabase;
let db: Database;
let door: Awaited<ReturnType<typeof openAuthentication>>;
let api: ApiUnderTest;
let proxy: TlsProxy;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'interlock-behind-tls-'));
  const stateRoot = join(root, '.interlock');
  mkdirSync(stateRoot);
  const file = (name: string, token: string) => {
    writeFileSync(join(root, name), `${token}\n`, { mode: 0o600 });
    return join(root, name);
  };
  database = await testDatabase();
  db = openDatabase({ url: database.url, name: 'test-tls', max: 4 });
  await ensurePolicy(db, loadContainmentFile(POLICY_FILE), 'system');
  door = await openAuthentication(
    {
      loopbackTrust: false,
      tokensFile: undefined,
      adminTokenFile: file('admin.token', ADMIN),
      readonlyTokenFile: file('readonly.token', READER),
      stateRoot,
      databaseUrl: database.url,
      allowedHosts: [NAME],
      corsOrigins: [PAGE],
    },
    { db, log: pino({ level: 'silent' }) },
  );
  api = await startApi({ auth: door.auth, databaseUrl: database.url });
  proxy = await tlsProxy(api.port, NAME);
});
afterAll(async () => {
  await proxy?.close();
  await api?.close();
  await door?.close();
  await db?.end();
  await database?.drop();
  removeTree(root);
});

const as = (token: string) => ({ Authorization: `Bearer ${token}` });
const json = { 'Content-Type': 'application/json' };
const codeOf = ({ body }: { body: string }) => (JSON.parse(body) as { code?: string }).code;
const trail = () =>
  readFileSync(join(root, '.interlock', 'auth', 'audit.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('behind a proxy that ends TLS, with tokens', () => {
  it('S1-24 S1-27 asks everybody for a token, whatever headers the proxy adds', async () => {
    const nobody = await proxy.ask('GET', '/v1/status');
    expect([nobody.status, codeOf(nobody), nobody.headers['www-authenticate']]).toEqual([
      401,
      'unauthenticated',
      'Bearer realm="interlock"',
    ]);
    const { status, body } = await proxy.ask('GET', '/v1/status', as(READER));
    expect([status, (JSON.parse(body) as { auth: { mode: string } }).auth.mode]).toEqual([200, 'bearer']);
    expect((await proxy.ask('GET', '/v1/status', { 'X-Forwarded-User': 'admin-token' })).status).toBe(401);
    expect((await proxy.ask('GET', '/healthz')).status).toBe(200);
  });

  it('S1-28 takes the token of either file, and lets the reading one decide nothing', async () => {
    const report = '{"class":"tool_call_burst","source":"gateway","description":"d"}';
    const post = (token: string) => proxy.ask('POST', '/api/v1/incidents/report', { ...as(token), ...json }, report);
    expect((await post(ADMIN)).status).toBe(201);
    const refused = await post(READER);
    expect([refused.status, codeOf(refused)]).toEqual([403, 'not_permitted']);
  });

  it('is for its own names alone: the Host is what was asked for, and nothing that says otherwise counts', async () => {
    for (const Host of ['rebound.example', `rebound.example:${proxy.port}`, 'interlock.example.evil.example', '']) {
      const { status, body } = await proxy.ask('GET', '/v1/status', { ...as(ADMIN), Host });
      expect([Host, status, status === 403 ? codeOf({ body }) : 'forbidden_host']).toEqual([
        Host,
        Host === '' ? expect.any(Number) : 403,
        'forbidden_host',
      ]);
    }
    for (const more of [{ 'X-Forwarded-Host': 'rebound.example' }, { Forwarded: 'for=192.0.2.9;host=rebound.example' }])
      expect((await proxy.ask('GET', '/v1/status', { ...as(ADMIN), ...more })).status).toBe(200);
    await proxy.ask('GET', '/v1/status', { 'X-Forwarded-For': '192.0.2.9', ...as('ilk_no-token-of-ours') });
    expect(trail().filter(({ source }) => source !== '127.0.0.1' && source !== 'local')).toEqual([]);
  });

  it('S1-29 is same-origin for the pages it serves, exact for the loopback origin on its list, closed to any other', async () => {
    const preflight = (Origin: string) =>
      proxy.ask('OPTIONS', '/v1/status', { Origin, 'Access-Control-Request-Method': 'GET' });
    const own = `https://${NAME}:${proxy.port}`;
    const asked = await proxy.ask('GET', '/v1/status', { ...as(READER), Origin: own });
    expect([asked.status, asked.headers['access-control-allow-origin']]).toEqual([200, undefined]);
    const page = await preflight(PAGE);
    expect([page.status, page.headers['access-control-allow-origin']]).toEqual([204, PAGE]);
    const shared = await proxy.ask('GET', '/v1/status', { ...as(READER), Origin: PAGE });
    expect([shared.status, shared.headers['access-control-allow-origin']]).toEqual([200, PAGE]);
    // An allowed origin is no credential, and a page without TLS is not the one that is served here.
    expect((await proxy.ask('GET', '/v1/status', { Origin: PAGE })).status).toBe(401);
    for (const origin of [STRANGE, own.replace('https', 'http'), 'null', 'http://localhost:5174']) {
      const refused = await proxy.ask('GET', '/v1/status', { ...as(ADMIN), Origin: origin });
      expect([origin, refused.status, codeOf(refused)]).toEqual([origin, 403, 'forbidden_origin']);
      expect(refused.headers['access-control-allow-origin']).toBeUndefined();
    }
  });

  it('opens payloads for a console of the listed origin by the token of who uses it, for nobody else', async () => {
    const ask = (headers: Record<string, string>) =>
      proxy.ask('POST', '/v1/codec/decode', { ...json, 'X-Namespace': 'default', ...headers }, '{"payloads":[]}');
    const allowed = await proxy.ask('OPTIONS', '/v1/codec/decode', {
      Origin: PAGE,
      'Access-Control-Request-Method': 'POST',
      'Access-Control-Request-Headers': 'authorization,content-type,x-namespace',
    });
    expect([allowed.status, String(allowed.headers['access-control-allow-headers'])]).toEqual([
      204,
      expect.stringContaining('X-Namespace'),
    ]);
    expect((await ask({ Origin: PAGE, ...as(ADMIN) })).status).toBe(200);
    expect((await ask({ Origin: PAGE })).status).toBe(401);
    expect((await ask({ Origin: PAGE, ...as(READER) })).status).toBe(403);
    expect(codeOf(await ask({ Origin: 'http://127.0.0.1:8233', ...as(ADMIN) }))).toBe('forbidden_origin');
  });

  it('S1-31 hands on signed bodies byte for byte', async () => {
    const secret = secretFile();
    try {
      await register(db, { name: 'guard', url: 'http://127.0.0.1:9/', ref: secret.ref });
      const body = ' {"class" : "tool_call_burst",\r\n "description":"\\u0061 burst" }\n';
      const send = (sent: string, id: string) => {
        const timestamp = Math.floor(Date.now() / 1000);
        const signed = webhookHeaders({ id, timestamp, body, secret: SECRET });
        return proxy.ask('POST', '/v1/adapters/guard/events', { ...json, ...signed }, sent);
      };
      expect((await send(body, 'msg_1')).status).not.toBe(401);
      expect((await send(body.replace('\r\n', '\n'), 'msg_2')).status).toBe(401);
    } finally {
      secret.remove();
    }
  });

  it('S1-112 both smokes of the runbook, through the proxy, say what it says they do', async () => {
    const runbook = readFileSync('docs/runbooks/proxy-exposure.md', 'utf8');
    const smokes = /## 3\.[\s\S]*?```sh\n([\s\S]*?)```/.exec(runbook)?.[1] ?? '';
    const curlrc = [`cacert = "${proxy.caFile}"`, `resolve = "${NAME}:${proxy.port}:127.0.0.1"`];
    writeFileSync(join(root, '.curlrc'), `${curlrc.join('\n')}\n`);
    const env = {
      PATH: process.env['PATH'],
      CURL_HOME: root,
      PUBLIC: `https://${NAME}:${proxy.port}`,
      ORIGIN: STRANGE,
      no_proxy: '*',
    };
    const said: string[] = [];
    for (const line of smokes.trim().split('\n')) said.push((await run('sh', ['-c', line], { env, cwd: root })).stdout);
    expect(said.map((text) => /\b(\d{3})\b/.exec(text)?.[1])).toEqual(['401', '403', '204']);
    expect(said[1]).toContain('forbidden_origin');
    expect(said[1]).not.toMatch(/access-control/i);
    expect(said[2]).toMatch(new RegExp(`^access-control-allow-origin: ${PAGE}\\r?$`, 'im'));
    const grep = /```sh\n(grep -E [\s\S]*?tail -50)/.exec(runbook)?.[1] ?? '';
    const { stdout } = await run('sh', ['-c', grep], { env, cwd: root });
    expect(stdout).toContain(`"origin":"${STRANGE}"`);
  });
});

it('S1-24 a server in loopback trust is no server for a proxy', async () => {
  const trusting = await startApi({ databaseUrl: database.url });
  const before = await tlsProxy(trusting.port, 'localhost');
  try {
    const { status, body } = await before.ask('GET', '/v1/status', { Host: `127.0.0.1:${trusting.port}` });
    expect([status, codeOf({ body })]).toEqual([403, 'proxied_without_auth']);
  } finally {
    await before.close();
    await trusting.close();
  }
});
