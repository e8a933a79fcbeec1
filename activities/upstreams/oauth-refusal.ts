import * as oauth from 'oauth4webapi';
import type { Upstream } from '../../domain/upstream/definition.ts';
import type { StoredTokens } from './deps.ts';
import { OauthError } from './oauth-error.ts';
import { withServer } from './oauth-server.ts';
import type { OauthDeps } from './oauth-server.ts';

/**
 * Whether the authorization server refuses a refresh token as no grant of its own (RFC 6749 §5.2, `invalid_grant`); any other
 * refusal says nothing of the token. What it gives for one that it takes is revoked at once. Errors: OauthError.
 */
export async function refusesRefresh(
  upstream: Upstream,
  { refresh_token, issuer }: StoredTokens,
  deps: OauthDeps,
): Promise<boolean> {
  if (refresh_token === null) throw new OauthError('not_refreshable');
  return withServer(upstream, deps, async ({ as, client, auth, options }) => {
    if (as.issuer !== issuer) throw new OauthError('login_unknown');
    const reply = await oauth.refreshTokenGrantRequest(as, client, auth, refresh_token, options);
    try {
      const granted = await oauth.processRefreshTokenResponse(as, client, reply);
      for (const token of [granted.refresh_token, granted.access_token])
        if (token !== undefined)
          await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, auth, token, options));
      return false;
    } catch (error) {
      if (error instanceof oauth.ResponseBodyError && error.error === 'invalid_grant') return true;
      throw error;
    }
  });
}

/** Without a way to revoke, a login only ends by itself. Errors: OauthError no_endpoint, and those of finding the server. */
export const requireRevocation = (upstream: Upstream, deps: OauthDeps): Promise<void> =>
  withServer(upstream, deps, async ({ as }) => {
    if (as.revocation_endpoint === undefined) throw new OauthError('no_endpoint');
  });
