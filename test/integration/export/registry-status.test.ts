import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { startServer, startUpstreams } from '../../support/upstreams.ts';
import type { TestServer, UpstreamsUnderTest } from '../../support/upstreams.ts';
import { json } from '../api/api-under-test.ts';
import type { Options } from '../api/api-under-test.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function started(options: Options): Promise<UpstreamsUnderTest> {
  const world = await startUpstreams({ readinessEveryMs: 200 }, options);
  closing.push(world.close);
  return world;
}

/** A registry that is well, as far as `status` says. */
async function registryServer(status: () => number): Promise<TestServer> {
  const server = await startServer((req, res) => res.writeHead(req.url === '/healthz' ? status() : 404).end());
  closing.push(server.close);
  return server;
}

const registry = async ({ api }: UpstreamsUnderTest) =>
  (await json<{ registry: Record<string, unknown> }>(api.get('/v1/status'))).registry;

describe('status of the registry', () => {
  it('is the instance itself by default, which has answered', async () => {
    const own = { url: 'http://127.0.0.1:8515', own: true };
    expect(await registry(await started({ registry: own }))).toEqual({
      configured: true,
      required: true,
      url: own.url,
      token: 'missing',
      reachable: true,
    });
  });

  it('S0-03 S0-06 of another one follows its /healthz and its upstream', async () => {
    let status = 200;
    const { url } = await registryServer(() => status);
    const world = await started({ registry: { url, own: false }, governanceMode: 'advisory' });
    const of = async () => {
      const { required, token, reachable } = await registry(world);
      return [required, token, reachable];
    };
    expect(await of()).toEqual([false, 'missing', null]);
    const entry = { name: 'registry', kind: 'registry', url, internal: true };
    await world.load(entry);
    await eventually(async () => (await registry(world))['reachable'] === true);
    expect(await of()).toEqual([false, 'missing', true]);
    status = 503;
    await eventually(async () => (await registry(world))['reachable'] === false);
    await world.load({ ...entry, auth_ref: 'env:NOBODY_HAS_SET_THIS_ONE' });
    expect((await of())[1]).toBe('set');
    await world.check(['reference']);
    expect((await of())[1]).toBe('missing');
  });
});
