import { createServer } from 'node:net';
import { SupervisorError } from './supervisor-error.ts';

/** A port somebody is about to listen on, and the variable that moves it. */
export type PortClaim = { host: string; port: number; variable: string };

/** @throws SupervisorError `port_taken`, naming the port and its variable */
export async function claimPorts(claims: readonly PortClaim[]): Promise<void> {
  await Promise.all(
    claims.map(async ({ host, port, variable }) => {
      const code = await listenError(host, port);
      if (code === undefined) return;
      const what = code === 'EADDRINUSE' ? 'is taken' : `cannot be used (${code})`;
      throw new SupervisorError('port_taken', `port ${port} on ${host} ${what}; ${variable} names another`);
    }),
  );
}

/** @returns the error code of an attempt to listen there, undefined when it succeeds */
export function listenError(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}
