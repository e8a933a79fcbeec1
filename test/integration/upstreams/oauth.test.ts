import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { main } from '../../../cli/main.ts';
import { startMcpServer } from '../../support/mcp-server.ts';
import type { McpServerUnderTest } from '../../support/mcp-server.ts';
import { browse, SERVICE_SECRET, startOauthServer } from '../../support/oauth-server.ts';
import type { OauthServerUnderTest } from '../../support/oauth-server.ts';
import { databaseText, set } from '../../support/secrets.ts';
import { startUpstreams } from '../../support/upstreams.ts';
import type { UpstreamsUnderTest } from '../../support/upstreams.ts';
import { slotTokenStore } from '../../../workers/upstreams/secrets.ts';
import { run } from '../../unit/cli/run.ts';

let world: UpstreamsUnderTest;
let idp: OauthServerUnderTest;
let mcp: McpServerUnderTest;
beforeAll(async () => {
  world = await startUpstreams();
  idp = await startOauthServer();
  mcp = await startMcpServer({ accepts: idp.knows, issuer: idp.issuer });
  await world.load(
    {
      name: 'tracker',
      kind: 'mcp',
      url: mcp.endpoint,
      internal: true,
      auth: 'oauth',
      oauth: { client_id: 'interlock', grant: 'authorization_code', scopes: ['read'] },
      canary: { tool: 'whoami' },
    },
    {
      name: 'service',
      kind: 'oauth',
      url: idp.issuer,
      internal: true,
      auth_ref: 'slot:service.secret',
      oauth: { client_id: 'interlock-service', grant: 'client_credentials', client_auth: 'basic' },
    },
    {
      name: 'guarded',
      kind: 'oauth',
      url: idp.issuer.replace('http:', 'https:'),
      oauth: { client_id: 'interlock', grant: 'authorization_code' },
    },
  );
});
afterAll(async () => {
  await world?.close();
  await Promise.all([idp?.close(), mcp?.close()]);
});

const cli = (...words: string[]) => run(['upstream', 'auth', ...words, '--base-url', world.api.url, '--json']);
const store = () => slotTokenStore({ db: world.api.db, masterKey: world.masterKey });

/** Logs in as a person would: the browser goes where the command says. */
async function login(
  name: string,
  go: (url: string) => Promise<unknown> = browse,
): Promise<{ code: number; out: string; err: string }> {
  const said = { out: '', err: '' };
  const went: Promise<unknown>[] = [];
  const code = await main(['upstream', 'auth', 'login', name, '--base-url', world.api.url, '--json'], {
    env: {},
    stdout: { write: (text: string) => (said.out += text) },
    stderr: {
      write: (text: string) => {
        said.err += text;
        const url = /(http:\S+)/.exec(text)?.[1];
        if (url?.includes('code_challenge') === true) went.push(go(url));
      },
    },
  });
  await Promise.all(went);
  return { code, ...said };
}

const refusal = async (path: string, body: object) =>
  (await (await world.api.post(`/v1/upstreams/${path}`, body)).json()) as { code: string; fields?: { code: string }[] };

describe('an OAuth account of an MCP server', () => {
  it('S1-82 S1-91 is logged in to by authorization code with PKCE, and used', async () => {
    expect((await cli('status', 'tracker')).code).toBe(1);
    expect(await world.check(['readiness', 'reference'], 'tracker')).toEqual({
      'tracker readiness': 'not_logged_in',
      'tracker reference': 'not_logged_in',
    });
    const { code, out, err } = await login('tracker');
    expect({ code, err: err.replace(/http\S+/, '') }).toMatchObject({ code: 0 });
    expect(JSON.parse(out)).toMatchObject({ state: 'logged_in', issuer: idp.issuer, refreshable: true });
    expect(await world.check(['readiness', 'reference', 'auth', 'canary'], 'tracker')).toEqual({
      'tracker readiness': 'ok',
      'tracker reference': 'ok',
      'tracker auth': 'ok',
      'tracker canary': 'ok',
    });
    expect((await cli('status', 'tracker')).code).toBe(0);
  });

  it('S1-91 gets new tokens for the old ones', async () => {
    const before = await store().tokens('tracker');
    expect((await cli('refresh', 'tracker')).code).toBe(0);
    const after = await store().tokens('tracker');
    expect(after?.access_token).not.toBe(before?.access_token);
    expect(after?.refresh_token).not.toBe(before?.refresh_token);
    expect(await world.check(['canary'], 'tracker')).toEqual({ 'tracker canary': 'ok' });
  });

  it('is refreshed by itself before its token ends', async () => {
    const tokens = (await store().tokens('tracker'))!;
    await store().keepTokens('tracker', {
      ...tokens,
      access_token: 'one that has ended',
      expires_at: new Date().toISOString(),
    });
    expect(await world.check(['canary'], 'tracker')).toEqual({ 'tracker canary': 'ok' });
    expect((await store().tokens('tracker'))?.access_token).not.toBe('one that has ended');
  });

  it('keeps its tokens in no row, log or entry that could be read', async () => {
    const { access_token, refresh_token } = (await store().tokens('tracker'))!;
    const everywhere = (await databaseText(world.api.db)) + world.logged();
    expect(everywhere).not.toContain(access_token);
    expect(everywhere).not.toContain(refresh_token);
    expect(everywhere).toContain('upstream_logged_in');
  });

  it('S1-91 is logged out of: the tokens are revoked there and forgotten here', async () => {
    const { access_token } = (await store().tokens('tracker'))!;
    expect(await idp.knows(access_token)).toBe(true);
    const { code, out } = await cli('logout', 'tracker');
    expect([code, JSON.parse(out)]).toEqual([0, { state: 'logged_out', revoked: true, code: null }]);
    expect(await idp.knows(access_token)).toBe(false);
    expect(await store().tokens('tracker')).toBeNull();
    expect(await world.check(['canary'], 'tracker')).toEqual({ 'tracker canary': 'not_logged_in' });
    expect((await cli('refresh', 'tracker')).err).toContain('not_logged_in');
  });

  it('says that nothing was revoked where the authorization server does not answer, and forgets all the same', async () => {
    await login('tracker');
    const tokens = (await store().tokens('tracker'))!;
    await store().keepTokens('tracker', { ...tokens, issuer: 'http://another.example' });
    const { code, out } = await cli('logout', 'tracker');
    expect([code, JSON.parse(out)]).toEqual([1, { state: 'logged_out', revoked: false, code: 'login_unknown' }]);
    expect(await store().tokens('tracker')).toBeNull();
  });
});

describe('a login', () => {
  const begin = async () => {
    const reply = await world.api.post('/v1/upstreams/tracker/login', { redirect_uri: 'http://127.0.0.1:1/callback' });
    const { authorization_url } = (await reply.json()) as { authorization_url: string };
    return new URL(authorization_url).searchParams.get('state')!;
  };

  it('is ended by its own state only, and once', async () => {
    const state = await begin();
    expect(await refusal('tracker/callback', { state: 'another', code: 'c' })).toMatchObject({
      code: 'upstream_account_failed',
      fields: [{ path: 'account', code: 'state_mismatch' }],
    });
    expect(
      (await refusal('tracker/callback', { state, code: 'nobody gave this', iss: idp.issuer })).fields?.[0]?.code,
    ).toBe('oauth_refused');
    expect((await refusal('tracker/callback', { state, code: 'c', iss: idp.issuer })).fields?.[0]?.code).toBe(
      'login_unknown',
    );
    const { rows } = await world.api.db.query("SELECT input FROM upstream_requests WHERE kind = 'callback'");
    expect(rows).not.toHaveLength(0);
    expect(JSON.stringify(rows)).not.toContain('nobody gave this');
  });

  it('takes no answer of another issuer (RFC 9207), and none of a person who refused', async () => {
    expect(
      (await refusal('tracker/callback', { state: await begin(), code: 'c', iss: 'https://mixed.example' })).fields?.[0]
        ?.code,
    ).toBe('oauth_invalid');
    expect(
      (await refusal('tracker/callback', { state: await begin(), error: 'access_denied', iss: idp.issuer })).fields?.[0]
        ?.code,
    ).toBe('oauth_refused');
  });

  it('has ended after ten minutes', async () => {
    const state = await begin();
    const pending = (await store().login('tracker'))!;
    await store().keepLogin('tracker', { ...pending, not_after: new Date(Date.now() - 1).toISOString() });
    expect((await refusal('tracker/callback', { state, code: 'c', iss: idp.issuer })).fields?.[0]?.code).toBe(
      'login_expired',
    );
  });

  it('comes back to a loopback address and nowhere else', async () => {
    for (const redirect_uri of [
      'https://evil.example/callback',
      'http://127.0.0.1.evil.example:1/',
      'http://127.0.0.1/',
    ])
      expect((await world.api.post('/v1/upstreams/tracker/login', { redirect_uri })).status).toBe(400);
  });

  it('S1-14 reaches no private address of an upstream that is not marked internal', async () => {
    const { err, code } = await login('guarded');
    expect(code).toBe(4);
    expect(err).toContain('address_refused');
  });

  it('needs nobody where the client has credentials of its own', async () => {
    expect((await login('service')).err).toContain('reference_missing');
    const secrets = { db: world.api.db, masterKey: world.masterKey };
    await set(secrets, 'service.secret', 'another secret than the one', { class: 'control' });
    expect((await login('service')).err).toContain('oauth_refused');
    await set(secrets, 'service.secret', SERVICE_SECRET, { class: 'control' });
    const { code, out } = await login('service');
    expect([code, JSON.parse(out)]).toEqual([0, expect.objectContaining({ state: 'logged_in', refreshable: false })]);
    expect(await idp.knows((await store().tokens('service'))!.access_token)).toBe(true);
    expect(await world.check(['readiness', 'reference'], 'service')).toEqual({
      'service readiness': 'ok',
      'service reference': 'ok',
    });
    expect((await cli('refresh', 'service')).code).toBe(0);
  });
});
