import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { set } from '../../support/secrets.ts';
import { startMcpServer } from '../../support/mcp-server.ts';
import type { McpServerUnderTest } from '../../support/mcp-server.ts';
import { startServer, startUpstreams } from '../../support/upstreams.ts';
import type { UpstreamsUnderTest } from '../../support/upstreams.ts';

let world: UpstreamsUnderTest;
let mcp: McpServerUnderTest;
let accepted = 'the first bearer of the server';
beforeAll(async () => {
  world = await startUpstreams();
  mcp = await startMcpServer({ accepts: (token) => token === accepted });
});
afterAll(async () => {
  await world?.close();
  await mcp?.close();
});

const entry = (over: object = {}) => ({
  name: 'tracker',
  kind: 'mcp',
  url: mcp.endpoint,
  internal: true,
  auth_ref: 'slot:tracker.bearer',
  canary: { tool: 'whoami', expect: { contains: 'this is whoami' } },
  ...over,
});
const ALL = ['readiness', 'reference', 'auth', 'canary'];
const setBearer = (value: string) =>
  set({ db: world.api.db, masterKey: world.masterKey }, 'tracker.bearer', value, { class: 'control' });

describe('an MCP server with a bearer secret', () => {
  it('S1-82 S1-90 is opened, and one tool of it called, by a bearer that counts', async () => {
    await world.load(entry());
    expect(await world.check(['canary'])).toEqual({ 'tracker canary': 'reference_missing' });
    await setBearer(accepted);
    expect(await world.check(ALL)).toEqual({
      'tracker readiness': 'ok',
      'tracker reference': 'ok',
      'tracker auth': 'ok',
      'tracker canary': 'ok',
    });
    expect(mcp.called).toEqual(['whoami']);
  });

  it('S1-90 refuses the old bearer after a rotation, and takes the new one without a restart', async () => {
    await world.load(entry());
    accepted = 'the second bearer of the server';
    expect(await world.check(['auth', 'canary'])).toEqual({
      'tracker auth': 'auth_failed',
      'tracker canary': 'auth_failed',
    });
    await setBearer(accepted);
    expect(await world.check(['auth', 'canary'])).toEqual({ 'tracker auth': 'ok', 'tracker canary': 'ok' });
  });

  it('counts no error and no other answer of a tool as success', async () => {
    const canary = async (tool: object) => {
      await world.load(entry({ canary: tool }));
      return (await world.check(['canary']))['tracker canary'];
    };
    expect(await canary({ tool: 'fails' })).toBe('unexpected_answer');
    expect(await canary({ tool: 'nobody' })).toBe('unexpected_answer');
    expect(await canary({ tool: 'whoami', expect: { contains: 'this is somebody' } })).toBe('unexpected_answer');
  });

  it('S1-14 is reached through the egress guard', async () => {
    await world.load(entry({ internal: false, url: mcp.endpoint.replace('http:', 'https:') }));
    expect(await world.check(['readiness'])).toEqual({ 'tracker readiness': 'address_refused' });
    const elsewhere = await startServer((_req, res) => res.writeHead(307, { location: mcp.endpoint }).end());
    await world.load(entry({ url: elsewhere.url }));
    expect(await world.check(['readiness'])).toEqual({ 'tracker readiness': 'redirected' });
    await elsewhere.close();
    expect(await world.check(['readiness'])).toEqual({ 'tracker readiness': 'unreachable' });
  });
});
