import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CORS_HEADERS, CORS_METHODS } from '../../../api/auth/cors.ts';
import { openApiDocument } from '../../../api/openapi/document.ts';
import { startDoor, UI } from '../../support/door.ts';
import type { TestDoor } from '../../support/door.ts';

let door: TestDoor;
beforeEach(async () => {
  door = await startDoor();
});
afterEach(() => door?.close());

const ask = (headers: Record<string, string>, method?: string) => door.ask(headers, method);

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
    expect(door.events).toMatchObject([{ code: 'forbidden_host', source: '127.0.0.1', detail: { host } }]);
  });

  it.each(['Host:', 'Host: interlock.example\r\nHost: evil.example', 'Host: evil.example\r\nHost: interlock.example'])(
    'is one: %j is refused',
    async (lines) => {
      const answer = await new Promise<string>((resolve, reject) => {
        let text = '';
        const socket = connect(door.port, '127.0.0.1', () =>
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

  it.each([
    'http://interlock.example',
    'https://interlock.example/',
    'https://INTERLOCK.example',
    'https://interlock.example:444',
  ])('under interlock.example may not be %s', async (origin) => {
    const { status } = await ask({ Host: 'interlock.example', Origin: origin });
    expect([403, 429]).toContain(status);
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
    // An adapter that signs what it sends is no page.
    const named = Object.values(components.parameters)
      .filter((p) => !p.name.startsWith('webhook-'))
      .filter((p) => p.in === 'header');
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
    const { status, code, headers } = await preflight(origin);
    expect([status, code]).toEqual([403, 'forbidden_origin']);
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    expect(door.events).toMatchObject([{ code: 'forbidden_origin', detail: { origin } }]);
  });

  it('S1-128 of strangers that keep coming is 429 with Retry-After, and of the allowed origin is answered still', async () => {
    const answers = [];
    for (let i = 0; i < 13; i++) answers.push(await preflight(`https://${i}.example`));
    expect(answers.map((a) => a.code)).toEqual([
      ...Array<string>(10).fill('forbidden_origin'),
      ...Array<string>(3).fill('cors_origin_rate_limited'),
    ]);
    expect(answers.at(-1)).toMatchObject({ status: 429, headers: { 'retry-after': '6' } });
    expect(door.events.at(-1)).toMatchObject({ code: 'cors_origin_rate_limited' });
    expect((await preflight(UI)).status).toBe(204);
  });
});

it('a valid credential is somebody, behind a proxy as well', async () => {
  const headers = { Authorization: 'Bearer token-of-vera', Host: 'interlock.example', 'X-Forwarded-For': '192.0.2.1' };
  expect(await ask(headers)).toMatchObject({ status: 200 });
});
