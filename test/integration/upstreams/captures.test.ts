import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callTool } from '../../../activities/upstreams/mcp.ts';
import { SERVICE_SECRET, startOauthServer } from '../../support/oauth-server.ts';
import type { OauthServerUnderTest } from '../../support/oauth-server.ts';
import { startMcpServer } from '../../support/mcp-server.ts';
import type { McpServerUnderTest } from '../../support/mcp-server.ts';
import { databaseText, set } from '../../support/secrets.ts';
import { startUpstream, startUpstreams } from '../../support/upstreams.ts';
import type { UpstreamsUnderTest } from '../../support/upstreams.ts';
import { slotTokenStore } from '../../../workers/upstreams/secrets.ts';
import { eventually } from '../../support/eventually.ts';
import { json } from '../api/api-under-test.ts';
import { run } from '../../unit/cli/run.ts';

const TOKEN = 'a word the model provider knows us by';
const BEARER = 'the-bearer-of-the-tracker';

let world: UpstreamsUnderTest;
let model: Awaited<ReturnType<typeof startUpstream>>;
let idp: OauthServerUnderTest;
let mcp: McpServerUnderTest;
beforeAll(async () => {
  world = await startUpstreams({ readinessEveryMs: 600_000 });
  [model, idp, mcp] = await Promise.all([
    startUpstream(() => TOKEN),
    startOauthServer(),
    startMcpServer({ accepts: (token) => token === BEARER }),
  ]);
  // Before anything is called: that there is no window is believed for a moment.
  const opened = await world.api.post('/v1/runtime/debug', { level: 'full', for_seconds: 1800, ticket: 'T-1' });
  expect(opened.status).toBe(201);
  const slot = (name: string, value: string) =>
    set({ db: world.api.db, masterKey: world.masterKey }, name, value, { class: 'control' });
  await slot('model.key', TOKEN);
  await slot('tracker.bearer', BEARER);
  await slot('service.secret', SERVICE_SECRET);
  const internal = true;
  const oauth = { client_id: 'interlock-service', grant: 'client_credentials', client_auth: 'basic' };
  const canary = {
    method: 'POST',
    path: '/complete',
    body: { prompt: 'planted-prompt' },
  };
  await world.load(
    { name: 'model', kind: 'provider', url: model.url, internal, auth_ref: 'slot:model.key', canary },
    {
      name: 'tracker',
      kind: 'mcp',
      url: mcp.endpoint,
      internal,
      auth_ref: 'slot:tracker.bearer',
      canary: { tool: 'whoami' },
    },
    { name: 'service', kind: 'oauth', url: idp.issuer, internal, auth_ref: 'slot:service.secret', oauth },
  );
});
afterAll(async () => {
  await world?.close();
  await Promise.all([model?.close(), idp?.close(), mcp?.close()]);
});

interface Body {
  text: string | null;
  omitted: string | null;
}
interface Shown {
  source: string;
  method: string;
  status: number | null;
  actor: string;
  content: { target: string; failure: string | null; request: Body; response: Body };
}

/** What was captured of one upstream, its oldest first, when there is enough of it. */
const captured = (template: string, enough: (shown: Shown[]) => boolean): Promise<Shown[]> =>
  eventually(async () => {
    const all = await json<{ capture_id: string; path_template: string }[]>(
      world.api.get('/v1/debug/captures?limit=200'),
    );
    const ids = all.filter(({ path_template }) => path_template === template).map(({ capture_id }) => capture_id);
    const shown = await Promise.all(ids.map((id) => json<Shown>(world.api.get(`/v1/debug/captures/${id}`))));
    return enough(shown) && shown;
  });

describe('a capture window', () => {
  it('has what a probe sends and is answered, redacted; an answer that echoes the credential is withheld', async () => {
    const answer = { password: 'planted-password', pong: true };
    model.behave.next = (res) => void res.writeHead(200).end(JSON.stringify(answer));
    expect(await world.check(['canary'], 'model')).toEqual({ 'model canary': 'ok' });
    // Its readiness is asked for by itself, and captured as well.
    const all = await captured('upstream/model', (found) => found.some(({ method }) => method === 'POST'));
    const shown = all.find(({ method }) => method === 'POST');
    expect(shown).toMatchObject({ source: 'upstream', method: 'POST', status: 200, actor: 'upstreams' });
    expect(shown?.content).toMatchObject({ target: `${model.url}/complete`, failure: null });
    const said = ({ text }: Body) => JSON.parse(text ?? '') as object;
    expect(said(shown!.content.request)).toEqual({ prompt: 'planted-prompt' });
    expect(said(shown!.content.response)).toEqual({ ...answer, password: '[redacted]' });
    model.behave.next = (res) => void res.writeHead(418).end(JSON.stringify({ you_said: TOKEN }));
    expect(await world.check(['canary'], 'model')).toEqual({ 'model canary': 'unexpected_answer' });
    model.behave.next = null;
    const echoed = await captured('upstream/model', (found) => found.some(({ status }) => status === 418));
    const echo = echoed.find(({ status }) => status === 418);
    expect(echo?.content).toMatchObject({
      failure: 'unexpected_answer',
      response: { text: null, omitted: 'withheld' },
    });
  });

  it('has the calls of a tool, though they are answered as events', async () => {
    expect(await world.check(['canary'], 'tracker')).toEqual({ 'tracker canary': 'ok' });
    const calls = (found: Shown[]) => found.filter(({ content }) => content.request.text?.includes('tools/call'));
    const [call] = calls(await captured('upstream/tracker', (found) => calls(found).length > 0));
    expect(call?.content.request.text).toContain('whoami');
    expect(call?.content.response.text).toContain('this is whoami');
  });

  it('has of an authorization server that it was asked, and no word of what was said', async () => {
    const { code } = await run(['upstream', 'auth', 'login', 'service', '--base-url', world.api.url, '--json']);
    expect(code).toBe(0);
    const shown = await captured('upstream/service', (found) => found.some(({ method }) => method === 'POST'));
    const token = shown.find(({ method }) => method === 'POST');
    expect(token?.content.request).toMatchObject({ text: null, omitted: 'withheld' });
    // Its readiness probe reads public metadata, and says no credential.
    const spoken = shown.filter(({ content }) => !content.target.includes('/.well-known/'));
    for (const { content } of spoken) expect([content.request.text, content.response.text]).toEqual([null, null]);
    expect(spoken.map(({ content }) => content.response.omitted)).toContain('withheld');
  });

  it('holds no credential that an upstream was called with, sealed or shown', async () => {
    const tokens = await slotTokenStore({ db: world.api.db, masterKey: world.masterKey }).tokens('service');
    const planted = [TOKEN, BEARER, SERVICE_SECRET, tokens?.access_token ?? 'none', 'planted-password'];
    const all = await json<{ capture_id: string }[]>(world.api.get('/v1/debug/captures?limit=200'));
    const shown = await Promise.all(
      all.map(async ({ capture_id }) => (await world.api.get(`/v1/debug/captures/${capture_id}`)).text()),
    );
    const text = [await databaseText(world.api.db), world.logged(), ...shown].join('\n');
    for (const secret of planted) expect(text).not.toContain(secret);
  });

  it('costs a conversation nothing while nobody listens', async () => {
    const upstream = { name: 'tracker', kind: 'mcp', url: mcp.endpoint, internal: true } as never;
    const headers = { authorization: `Bearer ${BEARER}` };
    expect(await callTool(upstream, { tool: 'whoami' }, headers, { hear: () => undefined })).toBeNull();
  });
});
