import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

export interface TcpProxy {
  port: number;
  /** Breaks every connection and refuses new ones, until `restore`. */
  cut: () => void;
  restore: () => void;
  /** Holds back every byte, while the connections stay, until `flow`. */
  stall: () => void;
  flow: () => void;
  close: () => Promise<void>;
}

/** A cable that a test can pull out: forwards a free loopback port to another. */
export async function tcpProxy(to: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const ways = new Set<readonly [Socket, Socket]>();
  let broken = false;
  const breakAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  const server = createServer((incoming) => {
    if (broken) return incoming.destroy();
    const outgoing = connect(to, '127.0.0.1');
    for (const way of [
      [incoming, outgoing],
      [outgoing, incoming],
    ] as const) {
      const [from, into] = way;
      sockets.add(from);
      ways.add(way);
      from.on('error', () => into.destroy());
      from.on('close', () => {
        sockets.delete(from);
        ways.delete(way);
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
    stall: () => {
      for (const [from, into] of ways) from.unpipe(into).pause();
    },
    flow: () => {
      for (const [from, into] of ways) from.pipe(into);
    },
    close: async () => {
      breakAll();
      server.close();
      await once(server, 'close');
    },
  };
}
