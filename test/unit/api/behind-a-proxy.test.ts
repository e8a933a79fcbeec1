import { createHash, createHmac } from 'node:crypto';
import { createServer, request } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Request, Response } from 'express';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bareApp, guardDoor, onError } from '../../../api/app.ts';
import { authenticate } from '../../../api/auth/authenticate.ts';
import type { Authentication } from '../../../api/auth/authenticate.ts';
import { parseTokens } from '../../../api/auth/tokens-file.ts';
import { closeServer, listen } from '../../../api/listen.ts';

const KEY = 'the secret of a connector';
const sha256 = createHash('sha256').update('token-of-vera').digest('hex');
const auth: Authentication = {
  loopbackTrust: false,
  tokens: async () => parseTokens(JSON.stringify({ sha256, user: 'vera', role: 'viewer' })),
  allowedHosts: ['interlock.example'],
};

const signatureOf = (body: Uint8Array) => `v1,${createHmac('sha256', KEY).update(body).digest('base64')}`;

let server: Server, proxy: Server;
let url: string;
beforeAll(async () => {
  const app = bareApp();
  guardDoor(app, auth);
  app.post('/signed', async (req: Request, res: Response) => {
    await authenticate(req, auth);
    const chunks: Buffer[] = [];
    for await (const chunk of req as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    res.json({ bytes: body.length, genuine: req.headers['webhook-signature'] === signatureOf(body) });
  });
  app.use(onError({ log: pino({ level: 'silent' }) }));
  server = await listen(app, '127.0.0.1', 0);
  const { port } = server.address() as AddressInfo;
  // Passes on what it gets, as a TLS proxy does: its own name as Host, and whom it speaks for.
  proxy = createServer((req, res) => {
    const headers = { ...req.headers, host: 'interlock.example', 'x-forwarded-for': '192.0.2.1', via: '1.1 proxy' };
    const onward = request({ host: '127.0.0.1', port, method: req.method, path: req.url, headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(res);
    });
    req.pipe(onward);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/signed`;
});
afterAll(async () => {
  await closeServer(proxy);
  await closeServer(server);
});

it.each([
  ['blanks, repeated keys and escapes', Buffer.from(' {"a" : 1e0,\r\n "a":"\\u0061" }\n')],
  ['no UTF-8 and no JSON', Buffer.from([0xff, 0x00, 0xef, 0xbb, 0xbf, 0x0a])],
  ['nothing', Buffer.alloc(0)],
  ['many pieces', Buffer.alloc(60 * 1024, 'x')],
])('S1-31 a signed body of %s comes through the door as it was sent, with its signature', async (_what, body) => {
  const headers = { Authorization: 'Bearer token-of-vera', 'webhook-signature': signatureOf(body) };
  const answer = await fetch(url, { method: 'POST', headers, body: new Uint8Array(body) });
  expect(await answer.json()).toEqual({ bytes: body.length, genuine: true });
});

it('S1-24 a proxy in between is no credential', async () => {
  expect((await fetch(url, { method: 'POST' })).status).toBe(401);
});
