import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { main } from '../../../cli/main.ts';
import type { StoredTokens } from '../../../activities/upstreams/deps.ts';
import { readControlSecret } from '../../../db/command/read-control-secret.ts';
import { INSTANCE } from '../../../db/command/caller.ts';
import { showSlot } from '../../../db/read/secrets.ts';
import { slotTokenStore, tokenSlot } from '../../../workers/upstreams/secrets.ts';
import { startMcpServer } from '../../support/mcp-server.ts';
import type { McpServerUnderTest } from '../../support/mcp-server.ts';
import { browse, SERVICE_SECRET, startOauthServer } from '../../support/oauth-server.ts';
import type { OauthServerUnderTest } from '../../support/oauth-server.ts';
import { rotate } from '../../support/rotations.ts';
import type { Driven } from '../../support/rotations.ts';
import { databaseText, set } from '../../support/secrets.ts';
import { startUpstreams } from '../../support/upstreams.ts';
import type { UpstreamsUnderTest } from '../../support/upstreams.ts';

let world: UpstreamsUnderTest;
let idp: OauthServerUnderTest;
let mcp: McpServerUnderTest;
/** Tokens that the MCP server takes, or does not, whatever their issuer says. */
const [stale, barred] = [new Set<string>(), new Set<string>()];

beforeAll(async () => {
  world = await startUpstreams();
  idp = await startOauthServer();
  const accepts = async (token: string) => !barred.has(token) && (stale.has(token) || (await idp.knows(token)));
  mcp = await startMcpServer({ accepts, issuer: idp.issuer });
  const common = { kind: 'mcp', url: mcp.endpoint, internal: true, auth: 'oauth', canary: { tool: 'whoami' } };
  await world.load(
    {
      ...common,
      name: 'tracker',
      oauth: { client_id: 'interlock', grant: 'authorization_code', scopes: ['read'] },
    },
    {
      ...common,
      name: 'service',
      auth_ref: 'slot:service.secret',
      oauth: {
        client_id: 'interlock-service',
        issuer: idp.issuer,
        grant: 'client_credentials',
        client_auth: 'basic',
        scopes: ['read'],
      },
    },
  );
  await set(secrets(), 'service.secret', SERVICE_SECRET, { class: 'control' });
});
afterAll(async () => {
  await world?.close();
  await Promise.all([idp?.close(), mcp?.close()]);
});
beforeEach(() => {
  stale.clear();
  barred.clear();
});

const secrets = () => ({ db: world.api.db, masterKey: world.masterKey });
const turn = (subject: string, how: Driven = {}) =>
  rotate({ ...secrets(), baseUrl: world.api.url }, 'oauth_account', subject, how);
const slotNow = async (name: string) => (await showSlot(world.api.db, INSTANCE, tokenSlot(name)))!;
async function tokens(name: string, which: 'current' | number = 'current'): Promise<StoredTokens> {
  const read = { workspace_id: INSTANCE, slot: tokenSlot(name), which, actor: 'test', purpose: 'test' };
  return JSON.parse((await readControlSecret(secrets(), read)).value.toString()) as StoredTokens;
}

/** Logs in as a person would: the browser goes where the command says. */
async function login(name: string, ...flags: string[]): Promise<string> {
  let out = '';
  const went: Promise<unknown>[] = [];
  const code = await main(['upstream', 'auth', 'login', name, ...flags, '--base-url', world.api.url, '--json'], {
    env: {},
    stdout: { write: (text: string) => (out += text) },
    stderr: {
      write: (text: string) => {
        const url = /(http:\S+)/.exec(text)?.[1];
        if (url?.includes('code_challenge') === true) went.push(browse(url));
      },
    },
  });
  await Promise.all(went);
  expect(code).toBe(0);
  return (JSON.parse(out) as { state: string }).state;
}

describe('the OAuth account of an upstream', () => {
  it('S1-91 goes over to a second login: its tokens work, those of the first are revoked and refused', async () => {
    expect(await login('tracker')).toBe('logged_in');
    const old = await tokens('tracker');
    expect(await login('tracker', '--stage')).toBe('staged');
    expect(await tokens('tracker')).toEqual(old);
    const { version, staged_version } = await slotNow('tracker');
    const next = await tokens('tracker', staged_version!);
    mcp.called.length = 0;
    const done = await turn('tracker', {
      request: { overlap_seconds: 60 },
      before: async (step) => {
        if (step !== 'overlap') return;
        for (const { access_token } of [old, next]) expect(await idp.knows(access_token)).toBe(true);
      },
    });
    expect(done).toMatchObject({ state: 'completed', failure: null });
    expect(mcp.called).toEqual(['whoami']);
    expect(done.steps.find((s) => s.step === 'prove_old')?.evidence).toEqual({
      access: 'auth_failed',
      refresh: 'invalid_grant',
    });
    expect(await tokens('tracker')).toEqual(next);
    expect([await idp.knows(old.access_token), await idp.knows(next.access_token)]).toEqual([false, true]);
    expect(await world.check(['canary'], 'tracker')).toEqual({ 'tracker canary': 'ok' });
    const after = await slotNow('tracker');
    expect(after).toMatchObject({ version: staged_version, previous_version: null, staged_version: null });
    expect(after.versions.find((v) => v.version === version)?.destroyed_at).not.toBeNull();
    const text = await databaseText(world.api.db);
    for (const { access_token, refresh_token } of [old, next])
      for (const secret of [access_token, refresh_token]) expect(text).not.toContain(secret);
  });

  it('comes to the same when the worker dies between the effect of each step and its record', async () => {
    await login('tracker', '--stage');
    const { staged_version } = await slotNow('tracker');
    expect(await turn('tracker', { dying: true })).toMatchObject({ state: 'completed' });
    expect(await slotNow('tracker')).toMatchObject({ version: staged_version, previous_version: null });
    expect(await world.check(['canary'], 'tracker')).toEqual({ 'tracker canary': 'ok' });
  });

  it('that is refreshed before the cut ends with the tokens it was refreshed to', async () => {
    await login('tracker', '--stage');
    const { staged_version } = await slotNow('tracker');
    let refreshed = '';
    const done = await turn('tracker', {
      before: async (step) => {
        if (step !== 'cut_over' || refreshed !== '') return;
        expect((await world.api.post('/v1/upstreams/tracker/refresh', {})).status).toBe(200);
        refreshed = (await tokens('tracker')).access_token;
      },
    });
    expect(done).toMatchObject({ state: 'completed' });
    expect(done.steps.filter((s) => s.step === 'cut_over').map((s) => s.outcome)).toEqual(['more', 'done']);
    expect(await idp.knows(refreshed)).toBe(false);
    expect(await slotNow('tracker')).toMatchObject({ version: staged_version });
  });

  it('keeps the first login when the second is refused, and the second is revoked', async () => {
    await login('tracker', '--stage');
    const { version, staged_version } = await slotNow('tracker');
    const next = await tokens('tracker', staged_version!);
    barred.add(next.access_token);
    expect(await turn('tracker', { dying: true })).toMatchObject({ state: 'undone', failure: 'new_refused' });
    expect(await idp.knows(next.access_token)).toBe(false);
    expect(await slotNow('tracker')).toMatchObject({ version, staged_version: null });
    expect(await world.check(['canary'], 'tracker')).toEqual({ 'tracker canary': 'ok' });
  });

  it('waits while the upstream still takes a token that was revoked', async () => {
    const old = await tokens('tracker');
    stale.add(old.access_token);
    await login('tracker', '--stage');
    let asked = 0;
    const done = await turn('tracker', {
      before: (step) => {
        if (step === 'prove_old' && ++asked === 3) stale.clear();
      },
    });
    expect(done.state).toBe('completed');
    expect(done.steps.filter((s) => s.code === 'old_accepted')).toHaveLength(2);
  });

  it('S1-91 of a client needs nobody: it takes new tokens by its own credentials', async () => {
    expect(await turn('service', { request: { dry_run: true } })).toMatchObject({ failure: 'slot_missing' });
    expect(await login('service')).toBe('logged_in');
    const old = await tokens('service');
    const done = await turn('service', { dying: true });
    expect(done).toMatchObject({ state: 'completed' });
    expect((await tokens('service')).access_token).not.toBe(old.access_token);
    expect(await idp.knows(old.access_token)).toBe(false);
    expect(done.steps.find((s) => s.step === 'prove_old' && s.outcome === 'done')?.evidence).toEqual({
      access: 'auth_failed',
    });
  });

  it('that is logged out of leaves no second login open either', async () => {
    await login('tracker', '--stage');
    const { staged_version } = await slotNow('tracker');
    const next = await tokens('tracker', staged_version!);
    expect((await world.api.post('/v1/upstreams/tracker/logout', {})).status).toBe(200);
    expect(await idp.knows(next.access_token)).toBe(false);
    expect(await slotNow('tracker')).toMatchObject({ staged_version: null });
    expect(await login('tracker')).toBe('logged_in');
  });

  it('dry: says what is missing and changes nothing', async () => {
    const dry = { request: { dry_run: true } };
    const before = await slotNow('tracker');
    const missing = await turn('tracker', dry);
    expect(missing).toMatchObject({ state: 'failed', failure: 'no_staged_login' });
    expect(missing.steps[0]?.evidence).toEqual({ command: 'interlock upstream auth login tracker --stage' });
    expect(await slotNow('tracker')).toEqual(before);
    expect(await turn('nobody', dry)).toMatchObject({ failure: 'upstream_not_found' });
    await slotTokenStore(secrets()).keepTokens('service', null);
    expect(await turn('service', dry)).toMatchObject({ failure: 'not_logged_in' });
  });
});
