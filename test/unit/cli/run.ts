import { createServer } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { main } from '../../../cli/main.ts';

export interface Ran {
  code: number;
  out: string;
  err: string;
}

/** Runs a command line in this process, as a shell would with nobody watching. */
export async function run(
  argv: string[],
  env: Record<string, string> = {},
  ask?: (question: string) => Promise<string>,
): Promise<Ran> {
  const ran = { out: '', err: '' };
  const code = await main(argv, {
    env,
    stdout: { write: (text: string) => (ran.out += text) },
    stderr: { write: (text: string) => (ran.err += text) },
    ...(ask === undefined ? {} : { ask }),
  });
  return { code, ...ran };
}

export interface Seen {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: unknown;
}

export interface Canned {
  status?: number;
  body?: unknown;
  headers?: Record<string, string>;
  /** Breaks the connection instead of answering. */
  hangUp?: true;
}

/** A server that answers as it is told and keeps what it was asked. */
export async function fakeServer(answer: (asked: Seen, n: number) => Canned): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer((req, res) => {
    let text = '';
    req.on('data', (chunk: Buffer) => (text += chunk.toString()));
    req.on('end', () => {
      const asked = {
        method: req.method ?? '',
        path: req.url ?? '',
        headers: req.headers,
        body: text === '' ? undefined : (JSON.parse(text) as unknown),
      };
      seen.push(asked);
      const { status = 200, body = {}, headers = {}, hangUp } = answer(asked, seen.length);
      if (hangUp) req.socket.destroy();
      else res.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

export const problem = (status: number, code: string, more: object = {}): Canned => ({
  status,
  body: { status, code, error: `because of ${code}`, ...more },
});

/** An address where nobody listens. */
export async function nobody(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}
