import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { mkdtempSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { CapturePoint } from '../../db/capture-point.ts';
import { keepUpstreams } from '../../workers/upstreams/keep-upstreams.ts';
import type { UpstreamWork } from '../../workers/upstreams/keep-upstreams.ts';
import { slotTokenStore, upstreamSecret } from '../../workers/upstreams/secrets.ts';
import { startApi } from '../integration/api/api-under-test.ts';
import type { ApiUnderTest, Options } from '../integration/api/api-under-test.ts';
import { freshMasterKey } from './secrets.ts';
import { removeTree } from './remove-tree.ts';

export interface UpstreamsUnderTest {
  api: ApiUnderTest;
  /** What slots are opened with. */
  masterKey: () => ReturnType<typeof freshMasterKey>;
  /** What the worker logged so far. */
  logged: () => string;
  /** Writes the file and reloads it; throws when it is refused. */
  load: (...upstreams: object[]) => Promise<void>;
  check: (probes: string[], name?: string) => Promise<Record<string, string | null>>;
  close: () => Promise<void>;
}

/** The API and the worker that reaches the outside, over a database of their own. */
export async function startUpstreams(
  work: Partial<UpstreamWork> = {},
  options: Options = {},
): Promise<UpstreamsUnderTest> {
  const key = freshMasterKey();
  const masterKey = () => key;
  const api = await startApi({ masterKey, ...options });
  const captures = new CapturePoint({ db: api.db, masterKey });
  const folder = mkdtempSync(join(tmpdir(), 'interlock-upstreams-'));
  const path = join(folder, 'upstreams.json');
  let logged = '';
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      logged += chunk.toString();
      done();
    },
  });
  const secrets = { db: api.db, masterKey };
  const stopping = new AbortController();
  const running = keepUpstreams(
    {
      db: api.db,
      databaseUrl: api.databaseUrl,
      log: pino(sink),
      readSecret: upstreamSecret(secrets),
      store: slotTokenStore(secrets),
      captures,
      ...work,
    },
    stopping.signal,
  );
  return {
    api,
    masterKey,
    logged: () => logged,
    load: async (...upstreams) => {
      writeFileSync(path, JSON.stringify({ version: 1, upstreams }));
      api.upstreamsFile.path = path;
      const reply = await api.post('/api/v1/reload', {});
      if (reply.status !== 200) throw new Error(`refused: ${await reply.text()}`);
    },
    check: async (probes, name) => {
      const reply = await api.post('/v1/upstreams/check', { probes, ...(name === undefined ? {} : { name }) });
      const { results } = (await reply.json()) as {
        results: { name: string; probe: string; ok: boolean; code: string }[];
      };
      return Object.fromEntries(results.map((r) => [`${r.name} ${r.probe}`, r.ok ? 'ok' : r.code]));
    },
    close: async () => {
      stopping.abort();
      await running;
      await captures.close();
      await api.close();
      removeTree(folder);
    },
  };
}

export interface TestServer {
  url: string;
  /** What was asked, in order. */
  requests: { method: string; url: string; authorization: string | undefined; body: string }[];
  close: () => Promise<void>;
}

/** A server on a free port of 127.0.0.1. */
export async function startServer(answer: RequestListener): Promise<TestServer> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** An upstream that takes one bearer token and can be told to misbehave. */
export async function startUpstream(token: () => string): Promise<TestServer & { behave: Behaviour }> {
  const behave: Behaviour = { next: null };
  const upstream = await startServer((req, res) => void reply(req, res));
  async function reply(req: IncomingMessage, res: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of req) body += String(chunk);
    const { method = '', url = '', headers } = req;
    upstream.requests.push({ method, url, authorization: headers.authorization, body });
    if (behave.next !== null) {
      behave.next(res);
      return;
    }
    if (url === '/health') return void res.writeHead(200).end('{"ok":true}');
    if (headers.authorization !== `Bearer ${token()}`) return void res.writeHead(401).end();
    res.writeHead(200).end(method === 'POST' ? `{"echo":${JSON.stringify(body)},"pong":true}` : '[]');
  }
  return Object.assign(upstream, { behave });
}

export interface Behaviour {
  next: ((res: ServerResponse) => void) | null;
}
