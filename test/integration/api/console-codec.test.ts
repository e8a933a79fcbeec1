import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApi } from './api-under-test.ts';
import type { ApiUnderTest } from './api-under-test.ts';

const CONSOLE = 'http://127.0.0.1:8233';

let api: ApiUnderTest;
beforeAll(async () => {
  api = await startApi({ auth: { loopbackTrust: true, consoleOrigins: [CONSOLE] } });
});
afterAll(() => api?.close());

/** As a browser asks for a page of another port. */
function ask(
  method: string,
  path: string,
  headers: Record<string, string>,
): Promise<{ status: number; origin: unknown }> {
  return new Promise((resolve, reject) => {
    const body = method === 'POST' ? '{"payloads":[]}' : '';
    const given = { 'Content-Type': 'application/json', 'Sec-Fetch-Site': 'same-site', Origin: CONSOLE, ...headers };
    const req = request({ host: '127.0.0.1', port: api.port, path, method, headers: given, agent: false }, (res) => {
      res
        .resume()
        .on('end', () => resolve({ status: res.statusCode ?? 0, origin: res.headers['access-control-allow-origin'] }));
    });
    req.on('error', reject).end(body);
  });
}
const preflight = {
  'Access-Control-Request-Method': 'POST',
  'Access-Control-Request-Headers': 'content-type,x-namespace',
};

describe('the engine’s console in loopback trust', () => {
  it('has its payloads opened', async () => {
    expect(await ask('OPTIONS', '/v1/codec/decode', preflight)).toEqual({ status: 204, origin: CONSOLE });
    expect(await ask('POST', '/v1/codec/decode', { 'X-Namespace': 'default' })).toEqual({
      status: 200,
      origin: CONSOLE,
    });
  });

  it.each([
    ['POST', '/api/v1/recovery/ack', {}],
    ['GET', '/v1/status', {}],
    ['OPTIONS', '/v1/status', preflight],
    ['POST', '/v1/codec/decode?x=1', {}],
    ['POST', '/v1/codec/decode', { Origin: 'http://127.0.0.1:8234' }],
    ['POST', '/v1/codec/decode', { Origin: 'http://evil.example', 'Sec-Fetch-Site': 'cross-site' }],
    ['POST', '/v1/codec/decode', { 'Sec-Fetch-Site': 'cross-site' }],
    ['POST', '/v1/codec/decode', { 'X-Forwarded-For': '10.0.0.1' }],
    ['POST', '/v1/codec/decode', { Host: 'rebound.example' }],
  ])('is a stranger to everything else: %s %s %j', async (method, path, headers) => {
    expect(await ask(method, path, headers)).toEqual({ status: 403, origin: undefined });
  });
});
