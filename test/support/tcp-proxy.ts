import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

export interface TcpProxy {
  port: number;
  /** Breaks every connection and refuses new ones, until `restore`. */
  cut: () => void;
  restore: () => void;
  close: () => Promise<void>;
}

/** A cable that a test can pull out: forwards a free loopback port to another. */
export async function tcpProxy(to: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let broken = false;
  const breakAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  const server = createServer((incoming) => {
    if (broken) return incoming.destroy();
    const outgoing = connect(to, '127.0.0.1');
    for (const [from, into] of [
      [incoming, outgoing],
      [outgoing, incoming],
    ] as const) {
      sockets.add(from);
      from.on('error', () => into.destroy());
      from.on('close', () => {
        sockets.delete(from);
        into.destroy();
      });
      from.pipe(into);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => {
      broken = true;
      breakAll();
    },
    restore: () => {
      broken = false;
    },
    close: async () => {
      breakAll();
      server.close();
      await once(server, 'close');
    },
  };
}
