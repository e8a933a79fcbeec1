import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AdapterState } from '../../domain/adapter/state.ts';

export const SECRET = 'a secret of thirty-two characters';

export interface TestAdapter {
  url: string;
  /** States in the order of their arrival, whatever was answered. */
  received: AdapterState[];
  /** What it holds, by `gate/target`: the state of the highest generation that it took. */
  holding: Map<string, { state: string; generation: number }>;
  /** What it does with a request; without one it takes the state and acknowledges. */
  behave: ((state: AdapterState, res: ServerResponse, take: () => void) => void) | null;
  /** Requests that were not signed by the secret. */
  unsigned: number;
  /** Trial requests. */
  trials: number;
  close: () => Promise<void>;
}

/** An enforcement point over real HTTP that follows the rule of generations and can be told to misbehave. */
export async function startAdapter(secret = SECRET): Promise<TestAdapter> {
  const server = createServer((req, res) => {
    void answer(req, res);
  });
  const adapter: TestAdapter = {
    url: '',
    received: [],
    holding: new Map(),
    behave: null,
    unsigned: 0,
    trials: 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of req) body += String(chunk);
    if (!isSigned(req, body, secret)) {
      adapter.unsigned += 1;
      return void res.writeHead(401).end();
    }
    const message = JSON.parse(body) as AdapterState & { test?: boolean };
    if (message.test === true) {
      adapter.trials += 1;
      return void res.writeHead(200).end('{}');
    }
    adapter.received.push(message);
    const take = () => takeState(adapter, message, res);
    if (adapter.behave === null) take();
    else adapter.behave(message, res, take);
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  adapter.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  return adapter;
}

function takeState(adapter: TestAdapter, { gate, target, state, generation }: AdapterState, res: ServerResponse): void {
  const key = `${gate}/${target}`;
  const last = adapter.holding.get(key)?.generation ?? -1;
  if (generation > last) adapter.holding.set(key, { state, generation });
  res.writeHead(200, { 'content-type': 'application/json' });
  res.end(JSON.stringify({ generation: Math.max(last, generation) }));
}

function isSigned({ headers }: IncomingMessage, body: string, secret: string): boolean {
  const id = String(headers['webhook-id']);
  const at = String(headers['webhook-timestamp']);
  const expected = `v1,${createHmac('sha256', secret).update(`${id}.${at}.${body}`).digest('base64')}`;
  return String(headers['webhook-signature']).split(' ').includes(expected);
}
