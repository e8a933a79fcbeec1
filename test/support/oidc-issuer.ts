import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { CryptoKey, JWK } from 'jose';

export interface IssuerKey {
  kid: string;
  alg: string;
  privateKey: CryptoKey;
  publicKey: CryptoKey;
  jwk: JWK;
}

export async function issuerKey(kid: string, alg = 'ES256'): Promise<IssuerKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, privateKey, publicKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

/** An OIDC issuer on loopback: its documents, its keys, and how often it was asked. */
export interface OidcIssuer {
  url: string;
  asked: string[];
  keys: JWK[];
  /** What it answers instead, by path. */
  instead: Map<string, { status: number; body: string; headers?: Record<string, string> }>;
  close: () => Promise<void>;
}

export async function startIssuer(keys: JWK[]): Promise<OidcIssuer> {
  const server = createServer((req, res) => {
    const path = req.url ?? '';
    issuer.asked.push(path);
    const instead = issuer.instead.get(path);
    if (instead !== undefined) return void res.writeHead(instead.status, instead.headers).end(instead.body);
    if (path === '/.well-known/openid-configuration')
      return void res.end(JSON.stringify({ issuer: issuer.url, jwks_uri: `${issuer.url}/keys` }));
    if (path === '/keys') return void res.end(JSON.stringify({ keys: issuer.keys }));
    res.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer: OidcIssuer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: [],
    keys,
    instead: new Map(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return issuer;
}

export const now = (): number => Math.floor(Date.now() / 1000);

export const AUDIENCE = 'interlock';

/** A token of a pipeline on the main branch, changed by `claims`; a claim that is undefined is left out. */
export function pipelineToken(
  iss: string,
  { privateKey, kid, alg }: Pick<IssuerKey, 'privateKey' | 'kid' | 'alg'>,
  claims: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
): Promise<string> {
  const all = {
    iss,
    aud: AUDIENCE,
    sub: 'repo:acme/app:ref:refs/heads/main',
    repository: 'acme/app',
    ref: 'refs/heads/main',
    iat: now(),
    exp: now() + 300,
    ...claims,
  };
  const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  return new SignJWT(given).setProtectedHeader({ alg, kid, ...header }).sign(privateKey);
}
