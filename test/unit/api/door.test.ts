import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import type { Request, Response } from 'express';
import fc from 'fast-check';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bareApp, guardDoor, onError } from '../../../api/app.ts';
import { authenticate } from '../../../api/auth/authenticate.ts';
import type { Authentication } from '../../../api/auth/authenticate.ts';
import { CORS_HEADERS, CORS_METHODS } from '../../../api/auth/cors.ts';
import { closeServer, listen } from '../../../api/listen.ts';
import { openApiDocument } from '../../../api/openapi/document.ts';
import { parseTokens } from '../../../api/auth/tokens-file.ts';
import type { AuthEvent } from '../../../api/auth/trail.ts';

const events: AuthEvent[] = [];
const sha256 = createHash('sha256').update('token-of-vera').digest('hex');
const auth: Authentication = {
  loopbackTrust: false,
  tokens: async () => parseTokens(JSON.stringify({ sha256, user: 'vera', role: 'viewer' })),
  oidc: async () => undefined,
  trail: { write: (event) => void events.push(event), close: () => undefined },
  allowedHosts: ['interlock.example', 'ops.example:8443'],
  corsOrigins: ['http://localhost:5173'],
};
const UI = 'http://localhost:5173';

let server: Server;
let port: number;

async function start(): Promise<void> {
  const app = bareApp();
  guardDoor(app, auth);
  app.all('/*path', async (req: Request, res: Response) => {
    const { actor } = await authenticate(req, auth);
    res.json({ actor });
  });
  app.use(onError({ log: pino({ level: 'silent' }) }));
  server = await listen(app, '127.0.0.1', 0);
  port = (server.address() as AddressInfo).port;
}
beforeAll(start);
afterAll(() => closeServer(server));
beforeEach(() => void events.splice(0));

interface Answer {
  status: number;
  code: unknown;
  headers: Record<string, unknown>;
}

function ask(headers: Record<string, string>, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const req = request({ host: '127.0.0.1', port, path: '/v1/status', method, headers, agent: false }, (res) => {
      const chunks: Buffer[] = [];
      res.on('data', (chunk: Buffer) => chunks.push(chunk));
      res.on('end', () => {
        const body = Buffer.concat(chunks).toString();
        const { code } = (body.startsWith('{') ? JSON.parse(body) : {}) as { code?: unknown };
        resolve({ status: res.statusCode ?? 0, code, headers: res.headers });
      });
    });
    req.on('error', reject);
    req.end();
  });
}

describe('with tokens, the Host of a request', () => {
  it.each(['interlock.example', 'INTERLOCK.example:443', 'ops.example:8443', 'localhost', '127.0.0.1:80', '[::1]:1'])(
    'may be %s',
    async (host) => {
      expect(await ask({ Host: host })).toMatchObject({ status: 401, code: 'unauthenticated' });
    },
  );

  it.each([
    'evil.example',
    'ops.example',
    'ops.example:1',
    'a.interlock.example',
    'interlock.example.',
    '192.0.2.1',
    '@',
  ])('may not be %j, and the refusal is written', async (host) => {
    expect(await ask({ Host: host })).toMatchObject({ status: 403, code: 'forbidden_host' });
    expect(events).toMatchObject([{ code: 'forbidden_host', source: '127.0.0.1', detail: { host } }]);
  });

  it.each(['Host:', 'Host: interlock.example\r\nHost: evil.example', 'Host: evil.example\r\nHost: interlock.example'])(
    'is one: %j is refused',
    async (lines) => {
      const answer = await new Promise<string>((resolve, reject) => {
        let text = '';
        const socket = connect(port, '127.0.0.1', () =>
          socket.write(`GET / HTTP/1.1\r\n${lines}\r\nConnection: close\r\n\r\n`),
        );
        socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
        socket.on('end', () => resolve(text)).on('error', reject);
      });
      expect(answer).toMatch(/^HTTP\/1.1 403 [^]*"code":"forbidden_host"/);
    },
  );
});

describe('with tokens, the Origin of a request', () => {
  it.each([
    ['interlock.example', 'https://interlock.example'],
    ['interlock.example:443', 'https://interlock.example'],
    ['ops.example:8443', 'https://ops.example:8443'],
    ['localhost:8515', 'http://localhost:8515'],
  ])('under %s may be %s, which is its own', async (host, origin) => {
    const answer = await ask({ Host: host, Origin: origin });
    expect(answer).toMatchObject({ status: 401, headers: { vary: 'Origin' } });
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
  });

  it('S1-29 may be one that is allowed exactly, whose pages then read the answer', async () => {
    const { status, headers } = await ask({ Origin: UI });
    expect(status).toBe(401);
    expect(headers).toMatchObject({ 'access-control-allow-origin': UI, vary: 'Origin' });
    expect(headers['access-control-expose-headers']).toContain('Retry-After');
    expect(headers).not.toHaveProperty('access-control-allow-credentials');
  });
});

describe('a preflight', () => {
  const preflight = (origin: string) =>
    ask(
      { Origin: origin, 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'authorization' },
      'OPTIONS',
    );

  it('S1-112 of an allowed origin has its answer without credentials', async () => {
    const { status, headers } = await preflight(UI);
    expect(status).toBe(204);
    expect(headers).toMatchObject({
      'access-control-allow-origin': UI,
      'access-control-allow-methods': CORS_METHODS.join(', '),
      'access-control-allow-headers': CORS_HEADERS.join(', '),
      'access-control-max-age': '600',
      vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
    });
    expect(headers).not.toHaveProperty('access-control-allow-credentials');
  });

  it('names every header and method that the API takes', async () => {
    const { components, paths } = (await openApiDocument('0')) as {
      components: { parameters: Record<string, { in: string; name: string }> };
      paths: Record<string, Record<string, unknown>>;
    };
    const named = Object.values(components.parameters).filter((p) => p.in === 'header');
    expect(named.map((p) => p.name).filter((name) => !(CORS_HEADERS as readonly string[]).includes(name))).toEqual([]);
    const methods = new Set(Object.values(paths).flatMap((path) => Object.keys(path).map((m) => m.toUpperCase())));
    expect([...methods].filter((method) => !(CORS_METHODS as readonly string[]).includes(method))).toEqual([]);
  });

  it.each([
    'https://evil.example',
    'http://localhost:5174',
    'https://localhost:5173',
    `${UI}/`,
    'HTTP://localhost:5173',
    'null',
    '*',
  ])('S1-12 of %s is refused, and nothing is allowed', async (origin) => {
    await closeServer(server);
    await start();
    const { status, code, headers } = await preflight(origin);
    expect([status, code]).toEqual([403, 'forbidden_origin']);
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    expect(events).toMatchObject([{ code: 'forbidden_origin', detail: { origin } }]);
  });

  it('S1-128 of strangers that keep coming is 429 with Retry-After, and of the allowed origin is answered still', async () => {
    await closeServer(server);
    await start();
    const answers = [];
    for (let i = 0; i < 13; i++) answers.push(await preflight(`https://${i}.example`));
    expect(answers.map((a) => a.code)).toEqual([
      ...Array<string>(10).fill('forbidden_origin'),
      ...Array<string>(3).fill('cors_origin_rate_limited'),
    ]);
    expect(answers.at(-1)).toMatchObject({ status: 429, headers: { 'retry-after': '6' } });
    expect(events.at(-1)).toMatchObject({ code: 'cors_origin_rate_limited' });
    expect((await preflight(UI)).status).toBe(204);
  });
});

it('a valid credential is somebody, behind a proxy as well', async () => {
  const headers = { Authorization: 'Bearer token-of-vera', Host: 'interlock.example', 'X-Forwarded-For': '192.0.2.1' };
  expect(await ask(headers)).toMatchObject({ status: 200 });
});

describe('without a valid credential', () => {
  const value = fc.oneof(
    fc.string({
      unit: fc.constantFrom(...Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)), ' '),
      maxLength: 60,
    }),
    fc.constantFrom('127.0.0.1', 'localhost', '::1', UI, 'null', 'for=127.0.0.1;host=localhost', 'same-origin', 'none'),
  );
  const credential = fc.oneof(
    value,
    value.map((text) => `Bearer ${text}`),
    fc.constantFrom(
      'Bearer vera',
      'Bearer',
      'Bearer  ',
      'Basic dmVyYTp2ZXJh',
      'bearer null',
      `Bearer ${'a'.repeat(8193)}`,
      `Bearer ${sha256}`,
      'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.',
    ),
  );
  const names = ['Origin', 'Forwarded', 'X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Proto', 'X-Real-IP', 'Via'];
  const more = ['Sec-Fetch-Site', 'X-Interlock-Workspace', 'X-Interlock-On-Behalf-Of', 'X-Original-URL', 'Cookie'];
  const headers = fc.record(
    {
      Host: fc.oneof(value, fc.constantFrom('localhost', 'interlock.example', '127.0.0.1')),
      Authorization: credential,
      'Proxy-Authorization': credential,
      'X-Authorization': credential,
      ...Object.fromEntries([...names, ...more].map((name) => [name, value])),
    },
    { requiredKeys: [] },
  );

  it('S1-24 no combination of headers is anybody', async () => {
    await fc.assert(
      fc.asyncProperty(headers, fc.constantFrom('GET', 'POST', 'PUT', 'HEAD'), async (given, method) => {
        const { status } = await ask(given, method);
        expect([400, 401, 403, 429, 431]).toContain(status);
      }),
      { numRuns: 400 },
    );
  });
});
