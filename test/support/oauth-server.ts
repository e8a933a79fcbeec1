import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider from 'oidc-provider';

export interface OauthServerUnderTest {
  issuer: string;
  provider: Provider;
  /** Whether the server would still take this access token. */
  knows: (token: string) => Promise<boolean>;
  close: () => Promise<void>;
}

export const SERVICE_SECRET = 'the secret of the service client';

/** An authorization server on loopback whose only person logs in and agrees to everything. */
export async function startOauthServer(accessTokenSeconds = 300): Promise<OauthServerUnderTest> {
  let handle: (req: IncomingMessage, res: ServerResponse) => void = () => undefined;
  const server = createServer((req, res) => handle(req, res));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'interlock',
        application_type: 'native',
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        redirect_uris: ['http://127.0.0.1/callback'],
      },
      {
        client_id: 'interlock-service',
        client_secret: SERVICE_SECRET,
        token_endpoint_auth_method: 'client_secret_basic',
        grant_types: ['client_credentials'],
        response_types: [],
        redirect_uris: [],
      },
    ],
    scopes: ['read'],
    cookies: { keys: ['of no consequence'] },
    pkce: { required: () => true },
    issueRefreshToken: async () => true,
    rotateRefreshToken: true,
    ttl: {
      AccessToken: accessTokenSeconds,
      ClientCredentials: accessTokenSeconds,
      RefreshToken: 3600,
      Grant: 3600,
      Interaction: 60,
      Session: 60,
    },
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    features: {
      devInteractions: { enabled: false },
      revocation: { enabled: true },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          scope: 'read',
          accessTokenFormat: 'opaque',
          accessTokenTTL: accessTokenSeconds,
        }),
        useGrantedResource: () => true,
      },
    },
    findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
  });
  const answer = provider.callback();
  handle = (req, res) => {
    if (req.url?.startsWith('/interaction/') === true) void agree(provider, req, res);
    else void answer(req, res);
  };
  return {
    issuer,
    provider,
    knows: async (token) =>
      ((await provider.AccessToken.find(token)) ?? (await provider.ClientCredentials.find(token))) !== undefined,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function agree(provider: Provider, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { params } = await provider.interactionDetails(req, res);
  const accountId = 'somebody';
  const grant = new provider.Grant({ accountId, clientId: String(params['client_id']) });
  grant.addOIDCScope('read');
  if (typeof params['resource'] === 'string') grant.addResourceScope(params['resource'], 'read');
  const grantId = await grant.save();
  await provider.interactionFinished(req, res, { login: { accountId }, consent: { grantId } });
}

/** What a browser does: follows redirects with its cookies until it gets an answer, also on another host. */
export async function browse(start: string): Promise<Response> {
  const cookies = new Map<string, string>();
  let url = start;
  for (let hop = 0; hop < 10; hop++) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const reply = await fetch(url, { redirect: 'manual', headers: { cookie } });
    for (const line of reply.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      const at = pair.indexOf('=');
      cookies.set(pair.slice(0, at), pair.slice(at + 1));
    }
    const location = reply.headers.get('location');
    if (location === null) return reply;
    url = new URL(location, url).href;
  }
  throw new Error('redirected without an end');
}
