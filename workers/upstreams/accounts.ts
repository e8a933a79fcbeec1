import { beginLogin, endLogin, endsSoon, finishLogin, refreshLogin } from '../../activities/upstreams/oauth.ts';
import type { OauthLoginDeps } from '../../activities/upstreams/oauth.ts';
import { OauthError } from '../../activities/upstreams/oauth-error.ts';
import type { StoredTokens } from '../../activities/upstreams/deps.ts';
import type { Database } from '../../db/client.ts';
import { withAccountLock } from '../../db/command/account-lock.ts';
import { recordAccount } from '../../db/command/upstream-accounts.ts';
import { upstreamAccount } from '../../db/read/upstreams.ts';
import type { Upstream } from '../../domain/upstream/definition.ts';

export interface By {
  actor: string;
  on_behalf_of: string | null;
}

export type Said = Record<string, unknown>;

/** OAuth accounts of upstreams: each at most once at a time, for a refresh token may count only once. */
export class Accounts {
  readonly #db: Database;
  readonly #deps: OauthLoginDeps;

  constructor(db: Database, deps: OauthLoginDeps) {
    this.#db = db;
    this.#deps = deps;
  }

  login(upstream: Upstream, redirect_uri: string, by: By, staged = false): Promise<Said> {
    return this.#alone(upstream, async () => {
      const begun = await beginLogin(upstream, redirect_uri, this.#deps, staged);
      if (!('tokens' in begun)) return { ...begun };
      if (staged) return stagedAs(begun.tokens);
      return this.#loggedIn(upstream, begun.tokens, by, 'upstream_logged_in');
    });
  }

  callback(upstream: Upstream, answer: Record<string, string>, by: By): Promise<Said> {
    return this.#alone(upstream, async () => {
      const { tokens, staged } = await finishLogin(upstream, answer, this.#deps);
      if (staged) return stagedAs(tokens);
      return this.#loggedIn(upstream, tokens, by, 'upstream_logged_in');
    });
  }

  refresh(upstream: Upstream, by: By): Promise<Said> {
    return this.#alone(upstream, () => this.#refreshed(upstream, by));
  }

  logout(upstream: Upstream, by: By): Promise<Said> {
    return this.#alone(upstream, async () => {
      const { revoked, code } = await endLogin(upstream, this.#deps);
      await recordAccount(
        this.#db,
        upstream.name,
        { ...by, action: 'upstream_logged_out' },
        { state: 'logged_out', issuer: null, scope: null, refreshable: false, expires_at: null, error: code },
      );
      return { state: 'logged_out', revoked, code };
    });
  }

  /** A token that is good for now, or null when nobody has logged in. Errors: OauthError of a refresh. */
  async accessToken(upstream: Upstream): Promise<string | null> {
    const kept = await this.#deps.store.tokens(upstream.name);
    if (kept === null || !endsSoon(kept, this.#deps.now())) return kept?.access_token ?? null;
    return this.#alone(upstream, async () => {
      const tokens = await this.#deps.store.tokens(upstream.name);
      if (tokens === null || !endsSoon(tokens, this.#deps.now())) return tokens?.access_token ?? null;
      await this.#refreshed(upstream, { actor: 'system', on_behalf_of: null });
      return (await this.#deps.store.tokens(upstream.name))?.access_token ?? null;
    });
  }

  async #refreshed(upstream: Upstream, by: By): Promise<Said> {
    try {
      const tokens = await refreshLogin(upstream, this.#deps);
      return await this.#loggedIn(upstream, tokens, by, 'upstream_refreshed');
    } catch (error) {
      if (error instanceof OauthError) await this.#failed(upstream.name, error, by);
      throw error;
    }
  }

  async #loggedIn({ name }: Upstream, tokens: StoredTokens, by: By, action: string): Promise<Said> {
    const { issuer, scope, expires_at, refresh_token } = tokens;
    const account = { issuer, scope, expires_at, refreshable: refresh_token !== null };
    await recordAccount(this.#db, name, { ...by, action }, { ...account, state: 'logged_in', error: null });
    return { state: 'logged_in', ...account };
  }

  /** The account stays as it is; that it could not be refreshed is said once, not at every probe. */
  async #failed(name: string, { code }: OauthError, by: By): Promise<void> {
    const account = await upstreamAccount(this.#db, name);
    if (account === undefined || account.error === code) return;
    await recordAccount(this.#db, name, { ...by, action: 'upstream_refresh_failed' }, { ...account, error: code });
  }

  #alone<T>({ name }: Upstream, work: () => Promise<T>): Promise<T> {
    return withAccountLock(this.#db, name, work);
  }
}

/** The account stays as it is until a rotation takes them. */
const stagedAs = ({ issuer, scope, expires_at, refresh_token }: StoredTokens): Said => ({
  state: 'staged',
  issuer,
  scope,
  expires_at,
  refreshable: refresh_token !== null,
});
