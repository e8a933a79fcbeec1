import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface TestHook {
  url: string;
  /** In the order of their arrival, whatever was answered. */
  received: { id: string; signed: boolean; body: { type: string; data: Record<string, unknown> } }[];
  /** The status it answers with. */
  status: number;
  close: () => Promise<void>;
}

/** A receiver of operator alerts that checks signatures and can be told to refuse. */
export async function startHook(secret: string): Promise<TestHook> {
  const server = createServer((req, res) => {
    let text = '';
    req.on('data', (chunk: Buffer) => (text += chunk.toString()));
    req.on('end', () => {
      const id = String(req.headers['webhook-id']);
      const content = `${id}.${String(req.headers['webhook-timestamp'])}.${text}`;
      const expected = `v1,${createHmac('sha256', secret).update(content).digest('base64')}`;
      const signed = req.headers['webhook-signature'] === expected;
      hook.received.push({ id, signed, body: JSON.parse(text) as TestHook['received'][number]['body'] });
      res.writeHead(hook.status, hook.status === 302 ? { location: hook.url } : {}).end();
    });
  });
  const hook: TestHook = {
    url: '',
    received: [],
    status: 204,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  hook.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/alerts`;
  return hook;
}
