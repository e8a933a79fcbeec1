import * as oauth from 'oauth4webapi';
import type { Upstream } from '../../domain/upstream/definition.ts';
import type { StoredTokens, TokenStore } from './deps.ts';
import { OauthError } from './oauth-error.ts';
import { withServer } from './oauth-server.ts';
import type { OauthDeps, OauthServer } from './oauth-server.ts';

/** A person has this long to log in. */
const LOGIN_MS = 10 * 60_000;
/** A token that ends sooner is refreshed before it is used. */
const SOON_MS = 30_000;

export interface OauthLoginDeps extends OauthDeps {
  store: TokenStore;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** Where the person has to go; for `client_credentials` there is nobody to ask, and the tokens are there at once. */
export type LoginBegun = { authorization_url: string; not_after: string } | { tokens: StoredTokens };

/**
 * Begins a login: authorization code with PKCE (RFC 7636), answered on a loopback address of whoever asks (RFC 8252 §7.3).
 * The verifier stays with the secrets. `staged`: the tokens wait for a rotation of the account, which has to be logged in to.
 * Errors: OauthError.
 */
export async function beginLogin(
  upstream: Upstream,
  redirect_uri: string,
  deps: OauthLoginDeps,
  staged = false,
): Promise<LoginBegun> {
  if (staged && (await deps.store.tokens(upstream.name)) === null) throw new OauthError('not_logged_in');
  return withServer(upstream, deps, async (server) => {
    const { as, client } = server;
    if (upstream.oauth?.grant === 'client_credentials')
      return { tokens: await byClient(upstream, server, deps, staged) };
    if (as.authorization_endpoint === undefined) throw new OauthError('no_endpoint');
    const [verifier, state] = [oauth.generateRandomCodeVerifier(), oauth.generateRandomState()];
    const not_after = new Date(deps.now() + LOGIN_MS).toISOString();
    const url = new URL(as.authorization_endpoint);
    const parameters = {
      response_type: 'code',
      client_id: client.client_id,
      redirect_uri,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      ...scopeOf(upstream),
      ...resourceOf(server),
    };
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    // OpenID Connect Core §11: without it no refresh token is given for offline use.
    if (upstream.oauth?.scopes.includes('offline_access')) url.searchParams.set('prompt', 'consent');
    await deps.store.keepLogin(upstream.name, { verifier, state, redirect_uri, not_after, staged });
    return { authorization_url: url.href, not_after };
  });
}

/** Ends a login with what the authorization server sent to the loopback address. It counts once. Errors: OauthError. */
export async function finishLogin(
  upstream: Upstream,
  callback: Record<string, string>,
  deps: OauthLoginDeps,
): Promise<{ tokens: StoredTokens; staged: boolean }> {
  const login = await deps.store.login(upstream.name);
  if (login === null) throw new OauthError('login_unknown');
  if (callback['state'] !== login.state) throw new OauthError('state_mismatch');
  await deps.store.keepLogin(upstream.name, null);
  if (Date.parse(login.not_after) <= deps.now()) throw new OauthError('login_expired');
  return withServer(upstream, deps, async (server) => {
    const { as, client, auth, options } = server;
    const checked = oauth.validateAuthResponse(as, client, new URLSearchParams(callback), login.state);
    const reply = await oauth.authorizationCodeGrantRequest(
      as,
      client,
      auth,
      checked,
      login.redirect_uri,
      login.verifier,
      {
        ...options,
        additionalParameters: resourceOf(server),
      },
    );
    const granted = await oauth.processAuthorizationCodeResponse(as, client, reply);
    const staged = login.staged === true;
    return { tokens: await keep(upstream, granted, server, deps, null, staged), staged };
  });
}

/** New tokens for the old ones, by refresh token or once more by the client's own credentials. Errors: OauthError. */
export async function refreshLogin(upstream: Upstream, deps: OauthLoginDeps): Promise<StoredTokens> {
  const tokens = await deps.store.tokens(upstream.name);
  if (tokens === null) throw new OauthError('not_logged_in');
  return withServer(upstream, deps, async (server) => {
    const { as, client, auth, options } = server;
    if (upstream.oauth?.grant === 'client_credentials') return byClient(upstream, server, deps);
    if (tokens.refresh_token === null) throw new OauthError('not_refreshable');
    if (as.issuer !== tokens.issuer) throw new OauthError('login_unknown');
    const reply = await oauth.refreshTokenGrantRequest(as, client, auth, tokens.refresh_token, {
      ...options,
      additionalParameters: resourceOf(server),
    });
    const granted = await oauth.processRefreshTokenResponse(as, client, reply);
    return keep(upstream, granted, server, deps, tokens);
  });
}

/** Forgets the tokens, also those that wait for a rotation, whatever the other side says, and has them revoked there (RFC 7009). `revoked` says whether it did. */
export async function endLogin(
  upstream: Upstream,
  deps: OauthLoginDeps,
): Promise<{ revoked: boolean; code: string | null }> {
  const tokens = await deps.store.tokens(upstream.name);
  if (tokens === null) throw new OauthError('not_logged_in');
  await deps.store.keepLogin(upstream.name, null);
  await deps.store.keepTokens(upstream.name, null);
  const staged = await deps.store.dropStaged(upstream.name);
  try {
    await revokeTokens(upstream, tokens, deps);
    if (staged !== null) await revokeTokens(upstream, staged, deps);
    return { revoked: true, code: null };
  } catch (error) {
    if (!(error instanceof OauthError)) throw error;
    return { revoked: false, code: error.code };
  }
}

/** Has tokens revoked by who gave them (RFC 7009); those that are over already are no error. Errors: OauthError. */
export async function revokeTokens(upstream: Upstream, tokens: StoredTokens, deps: OauthDeps): Promise<void> {
  await withServer(upstream, deps, async ({ as, client, auth, options }) => {
    if (as.revocation_endpoint === undefined) throw new OauthError('no_endpoint');
    if (as.issuer !== tokens.issuer) throw new OauthError('login_unknown');
    for (const token of [tokens.refresh_token, tokens.access_token])
      if (token !== null)
        await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, auth, token, options));
  });
}

/** New tokens by the client's own credentials, kept for a rotation. Errors: OauthError. */
export const stageByClient = (upstream: Upstream, deps: OauthLoginDeps): Promise<StoredTokens> =>
  withServer(upstream, deps, (server) => byClient(upstream, server, deps, true));

/** Whether a token has to be refreshed before it is used. */
export const endsSoon = ({ expires_at }: StoredTokens, now: number): boolean =>
  expires_at !== null && Date.parse(expires_at) - now < SOON_MS;

async function byClient(
  upstream: Upstream,
  server: OauthServer,
  deps: OauthLoginDeps,
  staged = false,
): Promise<StoredTokens> {
  const { as, client, auth, options } = server;
  const parameters = { ...scopeOf(upstream), ...resourceOf(server) };
  const reply = await oauth.clientCredentialsGrantRequest(as, client, auth, parameters, options);
  const granted = await oauth.processClientCredentialsResponse(as, client, reply);
  return keep(upstream, granted, server, deps, null, staged);
}

/** RFC 6749 §6: where no new refresh token or scope comes with it, the old one goes on. */
async function keep(
  { name }: Upstream,
  granted: oauth.TokenEndpointResponse,
  { as }: OauthServer,
  { store, now }: OauthLoginDeps,
  before: StoredTokens | null,
  staged = false,
): Promise<StoredTokens> {
  const { access_token, refresh_token, expires_in, scope } = granted;
  const tokens = {
    access_token,
    refresh_token: refresh_token ?? before?.refresh_token ?? null,
    expires_at: expires_in === undefined ? null : new Date(now() + expires_in * 1000).toISOString(),
    scope: scope ?? before?.scope ?? null,
    issuer: as.issuer,
  };
  await (staged ? store.stageTokens(name, tokens) : store.keepTokens(name, tokens));
  return tokens;
}

const scopeOf = ({ oauth: account }: Upstream): Record<string, string> =>
  account === undefined || account.scopes.length === 0 ? {} : { scope: account.scopes.join(' ') };

const resourceOf = ({ resource }: OauthServer): Record<string, string> => (resource === null ? {} : { resource });
