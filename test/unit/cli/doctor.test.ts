import { createServer } from 'node:http';
import type { RequestListener, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Finding } from '../../../domain/doctor/finding.ts';
import { run } from './run.ts';

/** A server that is well, except for what a test makes of it. */
async function server(answer: RequestListener): Promise<string> {
  const listening = createServer(answer);
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    listening.closeAllConnections();
    listening.close();
  });
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
}

type Stream = (res: ServerResponse) => void;
const good: Stream = (res) => {
  res.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' });
  res.write('retry: 1000\nid: 1-5\n\n');
};

type Cors = (origin: string) => Record<string, string>;
const withStream = (stream: Stream, cors: Cors = () => ({})) =>
  server((req, res) => {
    if (req.method === 'OPTIONS') res.writeHead(204, cors(req.headers.origin ?? '')).end();
    else if (req.url === '/v1/events/stream') stream(res);
    else res.writeHead(200, { 'Content-Type': 'application/json' }).end('{"status":"ok","checks":[]}');
  });

async function failed(url: string, ...args: string[]): Promise<Record<string, string | null>> {
  const { code, out } = await run(['doctor', '--base-url', url, '--json', ...args]);
  const { checks } = JSON.parse(out) as { checks: Finding[] };
  const bad = checks.filter(({ ok }) => !ok);
  expect(code).toBe(bad.length === 0 ? 0 : 1);
  return Object.fromEntries(bad.map((check) => [check.name, check.code]));
}

describe('the event stream, looked at from the client', () => {
  it('is well when the first frame comes at once', async () => {
    expect(await failed(await withStream(good))).toEqual({});
  });

  const STREAMS: [string, Stream, string][] = [
    [
      'is held back',
      (res) => res.writeHead(200, { 'Content-Type': 'text/event-stream' }).flushHeaders(),
      'stream_buffered',
    ],
    ['never begins', () => undefined, 'stream_buffered'],
    [
      'is of another type',
      (res) => res.writeHead(200, { 'Content-Type': 'text/html' }).end('retry: 1\nid: 1-1\n\n'),
      'stream_malformed',
    ],
    [
      'is rewritten',
      (res) => res.writeHead(200, { 'Content-Type': 'text/event-stream' }).end('<p>retry</p>\n\n'),
      'stream_malformed',
    ],
    [
      'lost its frame',
      (res) => res.writeHead(200, { 'Content-Type': 'text/event-stream' }).end('retry: 1'),
      'stream_malformed',
    ],
    [
      'does not say where it stands',
      (res) => res.writeHead(200, { 'Content-Type': 'text/event-stream' }).end(': \n\n'),
      'stream_malformed',
    ],
    ['is refused', (res) => res.writeHead(502).end(), 'stream_refused'],
    ['breaks off', (res) => res.destroy(), 'check_failed'],
  ];
  it.each(STREAMS)('S1-44 fails when it %s', async (_what, stream, code) => {
    expect(await failed(await withStream(stream))).toMatchObject({ 'client:event_stream': code });
  });
});

describe('the server, looked at from the client', () => {
  const answering = (path: string, answer: Stream) =>
    server((req, res) => {
      if (req.url === path) answer(res);
      else if (req.method === 'OPTIONS') res.writeHead(204).end();
      else if (req.url === '/v1/events/stream') good(res);
      else res.writeHead(200, { 'Content-Type': 'application/json' }).end('{"status":"ok","checks":[]}');
    });

  it('S1-43 is not ready when /readyz says so, is something else, or is a page of a proxy', async () => {
    const answers: Stream[] = [
      (res) => res.writeHead(503).end('{"status":"unavailable","failing":["relay"]}'),
      (res) => res.writeHead(200).end('{"status":"unavailable"}'),
      (res) => res.writeHead(200).end('<html>ok</html>'),
    ];
    for (const answer of answers)
      expect(await failed(await answering('/readyz', answer))).toEqual({ 'client:readyz': 'not_ready' });
  });

  it('has a clock of its own that is compared with ours', async () => {
    const at =
      (ms: number): Stream =>
      (res) => {
        res.sendDate = false;
        if (ms !== Infinity) res.setHeader('Date', new Date(Date.now() + ms).toUTCString());
        res.writeHead(200).end('{"status":"ok"}');
      };
    expect(await failed(await answering('/healthz', at(60_000)))).toEqual({ 'client:clock': 'clock_skew' });
    expect(await failed(await answering('/healthz', at(-60_000)))).toEqual({ 'client:clock': 'clock_skew' });
    expect(await failed(await answering('/healthz', at(Infinity)))).toEqual({ 'client:clock': 'clock_unknown' });
  });

  it('is not well when its diagnosis cannot be had', async () => {
    const refused = await answering('/v1/doctor', (res) =>
      res.writeHead(403).end('{"error":"no","code":"not_permitted"}'),
    );
    expect(await failed(refused)).toEqual({ server: 'not_permitted' });
  });
});

describe('browser origins, looked at from the client', () => {
  const O = 'https://console.example';
  const headers = (origin: string) => ({
    'Access-Control-Allow-Origin': origin,
    'Access-Control-Allow-Headers': 'Authorization, Content-Type',
    Vary: 'Origin',
  });

  it('S1-40 S1-112 let in the origin that was named, and no other', async () => {
    const url = await withStream(good, (origin) => (origin === O ? headers(O) : {}));
    expect(await failed(url, '--cors-origin', O)).not.toHaveProperty('client:cors:origin');
    expect(await failed(url, '--cors-origin', 'https://other.example')).toMatchObject({
      'client:cors:origin': 'cors_refused',
    });
  });

  it('S1-47 fail when anybody is let in, by a star or by an echo', async () => {
    expect(await failed(await withStream(good, () => headers('*')))).toEqual({
      'client:cors:stranger': 'cors_any_origin',
    });
    const echo = await withStream(good, headers);
    expect(await failed(echo)).toMatchObject({ 'client:cors:stranger': 'cors_any_origin' });
    expect(await failed(await withStream(good, () => headers('*')), '--cors-origin', O)).toEqual({
      'client:cors:stranger': 'cors_any_origin',
      'client:cors:origin': 'cors_any_origin',
    });
  });

  it('fail when the origin may not send its token', async () => {
    const url = await withStream(good, () => ({ 'Access-Control-Allow-Origin': O }));
    expect(await failed(url, '--cors-origin', O)).toMatchObject({ 'client:cors:origin': 'cors_headers' });
  });

  it('takes an origin and nothing else', async () => {
    expect((await run(['doctor', '--cors-origin', 'https://console.example/path'])).code).toBe(2);
  });
});
