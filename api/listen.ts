import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';

/** How long a request in flight may keep a stopping server open. */
const DRAIN_MS = 5000;

/** Binds before it resolves; a taken port rejects with EADDRINUSE. */
export async function listen(app: RequestListener, host: string, port: number): Promise<Server> {
  const server = createServer({ requestTimeout: 30_000, keepAliveTimeout: 10_000 }, app);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return server;
}

/** Takes no more connections, lets the requests in flight finish, and cuts what is still there after 5 s. */
export async function closeServer(server: Server): Promise<void> {
  const cut = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  await new Promise((resolve) => {
    server.close(resolve);
    server.closeIdleConnections();
  });
  clearTimeout(cut);
}
