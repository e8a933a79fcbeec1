import { createHash } from 'node:crypto';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Request, Response } from 'express';
import { pino } from 'pino';
import { bareApp, guardDoor, onError } from '../../api/app.ts';
import { authenticate } from '../../api/auth/authenticate.ts';
import type { Authentication } from '../../api/auth/authenticate.ts';
import { parseTokens } from '../../api/auth/tokens-file.ts';
import type { AuthEvent } from '../../api/auth/trail.ts';
import { closeServer, listen } from '../../api/listen.ts';

/** The origin of another page that the door lets in. */
export const UI = 'http://localhost:5173';
/** The digest of the only token. */
export const TOKEN_SHA256 = createHash('sha256').update('token-of-vera').digest('hex');

export interface DoorAnswer {
  status: number;
  code: unknown;
  headers: Record<string, unknown>;
}

export interface TestDoor {
  port: number;
  /** What was written to the auth trail. */
  events: AuthEvent[];
  ask: (headers: Record<string, string>, method?: string) => Promise<DoorAnswer>;
  close: () => Promise<void>;
}

/** The door with tokens, and behind it, under every path, who came in. */
export async function startDoor(): Promise<TestDoor> {
  const events: AuthEvent[] = [];
  const auth: Authentication = {
    loopbackTrust: false,
    tokens: async () => parseTokens(JSON.stringify({ sha256: TOKEN_SHA256, user: 'vera', role: 'viewer' })),
    oidc: async () => undefined,
    trail: { write: (event) => void events.push(event), close: () => undefined },
    allowedHosts: ['interlock.example', 'ops.example:8443'],
    corsOrigins: [UI],
  };
  const app = bareApp();
  guardDoor(app, auth);
  app.all('/*path', async (req: Request, res: Response) => {
    const { actor } = await authenticate(req, auth);
    res.json({ actor });
  });
  app.use(onError({ log: pino({ level: 'silent' }) }));
  const server = await listen(app, '127.0.0.1', 0);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    events,
    ask: (headers, method = 'GET') => ask(port, headers, method),
    close: () => closeServer(server),
  };
}

function ask(port: number, headers: Record<string, string>, method: string): Promise<DoorAnswer> {
  return new Promise((resolve, reject) => {
    const req = request({ host: '127.0.0.1', port, path: '/v1/status', method, headers, agent: false }, (res) => {
      const chunks: Buffer[] = [];
      res.on('data', (chunk: Buffer) => chunks.push(chunk));
      res.on('end', () => {
        const body = Buffer.concat(chunks).toString();
        const { code } = (body.startsWith('{') ? JSON.parse(body) : {}) as { code?: unknown };
        resolve({ status: res.statusCode ?? 0, code, headers: res.headers });
      });
    });
    req.on('error', reject);
    req.end();
  });
}
