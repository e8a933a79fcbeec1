import type { Upstream } from '../../domain/upstream/definition.ts';
import type { Resolve } from '../egress/checked-address.ts';
import type { Hear } from './hearing.ts';

/** OAuth tokens of one upstream. Instants are RFC 3339. */
export interface StoredTokens {
  access_token: string;
  refresh_token: string | null;
  expires_at: string | null;
  scope: string | null;
  issuer: string;
}

/** A login that waits for its person: what the answer of the authorization server is checked against. */
export interface PendingLogin {
  verifier: string;
  state: string;
  redirect_uri: string;
  not_after: string;
  /** Its tokens wait for a rotation. */
  staged?: boolean;
}

/** Where tokens are kept, as secrets that only workers read. */
export interface TokenStore {
  tokens: (name: string) => Promise<StoredTokens | null>;
  keepTokens: (name: string, tokens: StoredTokens | null) => Promise<void>;
  /** Kept beside those in force, until a rotation of the account takes them. */
  stageTokens: (name: string, tokens: StoredTokens) => Promise<void>;
  /** Forgets what is staged, and says what it was. */
  dropStaged: (name: string) => Promise<StoredTokens | null>;
  login: (name: string) => Promise<PendingLogin | null>;
  keepLogin: (name: string, login: PendingLogin | null) => Promise<void>;
}

export interface UpstreamDeps {
  /** The value that a reference names. Errors: SecretError. */
  readSecret: (ref: string) => Promise<Buffer>;
  /** A token that is good for now, refreshed if it has to be; null when nobody has logged in. Errors: OauthError. */
  accessToken: (upstream: Upstream) => Promise<string | null>;
  resolve?: Resolve;
  hear?: Hear | undefined;
}

/** A probe, its answer included, lasts no longer. */
export const PROBE_WITHIN_MS = 5_000;
