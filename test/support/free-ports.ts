import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { listenError } from '../../script/supervisor/ports.ts';
import type { Ports } from '../../script/supervisor/settings.ts';

/** Below the range outgoing connections take theirs from (`ip_local_port_range`, from 32,768 on). */
const FIRST = 10_000;
const END = 32_000;
const BLOCK = 10;

/**
 * The first of `count` neighbouring ports that are this process's until it ends. They come in blocks, and the first port of
 * a block is listened on as the sign that it is given away: between choosing a port and listening on it, and while its
 * server is down, no other test process chooses it. The kernel takes the sign back from whoever died.
 */
export async function freePorts(count: number): Promise<number> {
  if (count >= BLOCK) throw new Error(`${count} ports are more than a block has`);
  for (;;) {
    const sign = FIRST + BLOCK * randomInt((END - FIRST) / BLOCK);
    const release = await hold(sign);
    if (release === undefined) continue;
    const ports = Array.from({ length: count }, (_unused, index) => listenError('127.0.0.1', sign + 1 + index));
    if ((await Promise.all(ports)).every((error) => error === undefined)) return sign + 1;
    release();
  }
}

/** Listens for nobody, until this process ends or the returned function is called; undefined where somebody else does. */
function hold(port: number): Promise<(() => void) | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', () => resolve(undefined));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => {
      server.unref();
      resolve(() => server.close());
    });
  });
}

/** Ports for a whole stack. */
export async function freeStackPorts(): Promise<Ports> {
  const api = await freePorts(8);
  return {
    api,
    attestation: api + 1,
    integrity: api + 2,
    postgres: api + 3,
    temporal: api + 4,
    temporalUi: api + 5,
    tpm: api + 6,
  };
}
