import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { strangeKey, trySignedBy } from '../../../workers/rotation/adapter-proofs.ts';

async function answering(status: number): Promise<string> {
  const server = createServer((_req, res) => void res.writeHead(status).end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

describe('what a receiver answers to a signature', () => {
  it.each([
    [204, 'accepted'],
    [401, 'refused'],
    [403, 'refused'],
    [400, 'unclear'],
    [404, 'unclear'],
    [429, 'unclear'],
    [503, 'unclear'],
  ] as const)('%i is %s', async (status, verdict) => {
    const told = await trySignedBy({ url: await answering(status), internal: true }, strangeKey());
    expect(told).toMatchObject({ verdict, status });
  });
});
