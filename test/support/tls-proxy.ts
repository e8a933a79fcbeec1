import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer, request as secureRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeTree } from './remove-tree.ts';

export interface TlsAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

export interface TlsProxy {
  port: number;
  /** The certificate that it is verified by. */
  caFile: string;
  /** Asks by the name, over TLS that is verified; `headers` may say another Host. */
  ask: (method: string, path: string, headers?: Record<string, string>, body?: string | Buffer) => Promise<TlsAnswer>;
  close: () => Promise<void>;
}

/**
 * TLS in front of a server on loopback, as a reverse proxy is: ends TLS, passes the Host, the body and every header on as they
 * came, adds whom it speaks for, and holds nothing back.
 */
export async function tlsProxy(to: number, name: string): Promise<TlsProxy> {
  const folder = mkdtempSync(join(tmpdir(), 'interlock-tls-'));
  const [keyFile, caFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`];
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'];
  execFileSync('openssl', [...made, ...subject, '-keyout', keyFile, '-out', caFile], { stdio: 'ignore' });
  const ca = readFileSync(caFile);
  const tls = { key: readFileSync(keyFile), cert: ca, minVersion: 'TLSv1.2' } as const;
  const server = createServer(tls, (req, res) => {
    const { headers, method, url: path, socket } = req;
    const forwarded = {
      'x-forwarded-for': socket.remoteAddress,
      'x-forwarded-proto': 'https',
      'x-forwarded-host': headers.host,
      via: '1.1 proxy',
    };
    const given = { ...headers, ...forwarded };
    const onward = request({ host: '127.0.0.1', port: to, method, path, headers: given, agent: false }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(res);
    });
    onward.on('error', () => res.destroy());
    req.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  const ask: TlsProxy['ask'] = (method, path, headers = {}, body = '') =>
    new Promise((resolve, reject) => {
      const length = method === 'POST' ? { 'Content-Length': String(Buffer.byteLength(body)) } : {};
      const given = { Host: `${name}:${port}`, ...length, ...headers };
      const options = { host: '127.0.0.1', port, servername: name, ca, agent: false, method, path, headers: given };
      const req = secureRequest(options, (res) => {
        let text = '';
        res.on('data', (chunk: Buffer) => (text += chunk.toString()));
        res.on('end', () => resolve({ status: res.statusCode ?? 0, headers: res.headers, body: text }));
      });
      req.on('error', reject).end(body);
    });

  return {
    port,
    caFile,
    ask,
    close: async () => {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      removeTree(folder);
    },
  };
}
