import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface CallbackServer {
  redirectUri: string;
  /** The query of the first request to the address; null when `signal` aborted before. */
  answered: Promise<Record<string, string> | null>;
  close: () => Promise<void>;
}

/** What an authorization server may send (RFC 6749 §4.1.2, RFC 9207); nothing else is passed on. */
const TAKEN = ['state', 'code', 'iss', 'error', 'error_description', 'error_uri', 'session_state', 'scope'];

const PAGE = '<!doctype html><meta charset="utf-8"><title>Interlock</title><p>Thank you. This page can be closed.</p>';

/** A loopback address for one answer (RFC 8252 §7.3), on a port that is free. */
export async function startCallbackServer(signal: AbortSignal): Promise<CallbackServer> {
  const answer = Promise.withResolvers<Record<string, string> | null>();
  const server = createServer((req, res) => {
    const url = new URL(req.url ?? '/', 'http://127.0.0.1');
    if (req.method !== 'GET' || url.pathname !== '/callback' || !url.searchParams.has('state'))
      return void res.writeHead(404).end();
    res.writeHead(200, {
      'Content-Type': 'text/html; charset=utf-8',
      'Cache-Control': 'no-store',
      Connection: 'close',
    });
    res.end(PAGE);
    const taken = [...url.searchParams].filter(([name]) => TAKEN.includes(name));
    answer.resolve(Object.fromEntries(taken));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  signal.addEventListener('abort', () => answer.resolve(null), { once: true });
  return {
    redirectUri: `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback`,
    answered: answer.promise,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
  };
}
