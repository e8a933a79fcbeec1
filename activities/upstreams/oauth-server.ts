import * as oauth from 'oauth4webapi';
import type { OauthAccount, Upstream } from '../../domain/upstream/definition.ts';
import { EgressError } from '../egress/egress-error.ts';
import { guardedFetch } from '../egress/guarded-fetch.ts';
import type { Resolve } from '../egress/checked-address.ts';
import { hearing } from './hearing.ts';
import type { Hear } from './hearing.ts';
import { OauthError } from './oauth-error.ts';

const OAUTH_WITHIN_MS = 5_000;

/** An authorization server whose metadata was read just now, and how to speak with it. */
export interface OauthServer {
  as: oauth.AuthorizationServer;
  client: oauth.Client;
  auth: oauth.ClientAuth;
  /** RFC 8707: the MCP server that the token is for. */
  resource: string | null;
  options: {
    [oauth.customFetch]: (url: string, init: object) => Promise<Response>;
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- deprecated to be seen: true for the own network only
    [oauth.allowInsecureRequests]: boolean;
  };
}

export interface OauthDeps {
  readSecret: (ref: string) => Promise<Buffer>;
  resolve?: Resolve;
  hear?: Hear | undefined;
}

/**
 * Finds the authorization server of an upstream and works with it. RFC 9728 says which one is an MCP server's, RFC 8414 or
 * OpenID discovery what it offers. Errors: OauthError.
 */
export async function withServer<T>(
  upstream: Upstream,
  deps: OauthDeps,
  work: (server: OauthServer) => Promise<T>,
): Promise<T> {
  const account = upstream.oauth;
  if (account === undefined) throw new OauthError('login_unknown');
  const { internal } = upstream;
  // Tokens, codes and the client's secret: that it was said is captured, what was said never is.
  const heard = hearing(deps.hear, upstream, 'all');
  let code: string | null = null;
  const guard = guardedFetch({
    internal,
    ...heard.options,
    timeoutMs: OAUTH_WITHIN_MS,
    ...(deps.resolve ? { resolve: deps.resolve } : {}),
  });
  // Without TLS only where the own network was named as the place: the loopback of a test, a sidecar.
  const fetch = (url: string, init: object) => guard.fetch(url, init);
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- see above
  const options = { [oauth.customFetch]: fetch, [oauth.allowInsecureRequests]: internal };
  try {
    const { issuer, resource } = await issuerOf(upstream, account, options);
    const as = await discover(new URL(issuer), options);
    const client: oauth.Client = { client_id: account.client_id };
    return await work({ as, client, auth: await clientAuth(upstream, account, deps), resource, options });
  } catch (error) {
    const failure = oauthErrorOf(error);
    code = failure.code;
    throw failure;
  } finally {
    await guard.close();
    heard.tell(code);
  }
}

type Options = OauthServer['options'];

async function issuerOf(
  { kind, url }: Upstream,
  { issuer }: OauthAccount,
  options: Options,
): Promise<{ issuer: string; resource: string | null }> {
  if (kind !== 'mcp') return { issuer: issuer ?? url, resource: null };
  if (issuer !== undefined) return { issuer, resource: url };
  const of = new URL(url);
  const found = await oauth.processResourceDiscoveryResponse(of, await oauth.resourceDiscoveryRequest(of, options));
  const [first] = found.authorization_servers ?? [];
  if (first === undefined) throw new OauthError('no_endpoint');
  return { issuer: first, resource: found.resource };
}

async function discover(issuer: URL, options: Options): Promise<oauth.AuthorizationServer> {
  const asked = await oauth.discoveryRequest(issuer, { ...options, algorithm: 'oauth2' });
  if (asked.status !== 404) return oauth.processDiscoveryResponse(issuer, asked);
  await asked.body?.cancel();
  return oauth.processDiscoveryResponse(
    issuer,
    await oauth.discoveryRequest(issuer, { ...options, algorithm: 'oidc' }),
  );
}

async function clientAuth({ auth_ref }: Upstream, account: OauthAccount, deps: OauthDeps): Promise<oauth.ClientAuth> {
  if (account.client_auth === 'none') return oauth.None();
  const secret = await deps.readSecret(auth_ref ?? '').then(
    (bytes) => bytes.toString('utf8'),
    () => {
      throw new OauthError('reference_missing');
    },
  );
  return account.client_auth === 'basic' ? oauth.ClientSecretBasic(secret) : oauth.ClientSecretPost(secret);
}

/** What went wrong, without the words of the other side: they may quote what they were sent. */
export function oauthErrorOf(error: unknown): OauthError {
  if (error instanceof OauthError) return error;
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause)
    if (cause instanceof EgressError) return new OauthError(cause.code);
  if (error instanceof oauth.ResponseBodyError || error instanceof oauth.WWWAuthenticateChallengeError)
    return new OauthError('oauth_refused');
  if (error instanceof oauth.AuthorizationResponseError) return new OauthError('oauth_refused');
  if (error instanceof oauth.OperationProcessingError || error instanceof oauth.UnsupportedOperationError)
    return new OauthError('oauth_invalid');
  if (error instanceof TypeError) return new OauthError('oauth_invalid');
  throw error;
}
