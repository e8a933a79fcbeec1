import type { ProbeCode } from '../../domain/upstream/probes.ts';

/**
 * Why something about an OAuth account came to nothing. `oauth_refused`: the authorization server said no; `oauth_invalid`:
 * what it said is not OAuth; `state_mismatch`: the answer is of another login than ours.
 */
export type OauthErrorCode =
  | 'oauth_refused'
  | 'oauth_invalid'
  | 'state_mismatch'
  | 'login_unknown'
  | 'login_expired'
  | 'not_logged_in'
  | 'not_refreshable'
  | 'no_endpoint'
  | 'reference_missing'
  | 'unreachable'
  | 'name_unresolved'
  | 'address_refused'
  | 'timeout'
  | 'reply_too_large';

/** The message carries no token and no answer of the other side. */
export class OauthError extends Error {
  override readonly name = 'OauthError';
  readonly code: OauthErrorCode;

  constructor(code: OauthErrorCode) {
    super(`oauth: ${code}`);
    this.code = code;
  }

  /** What a probe that needed the token says. */
  get probeCode(): ProbeCode {
    switch (this.code) {
      case 'unreachable':
      case 'name_unresolved':
      case 'address_refused':
      case 'timeout':
      case 'reply_too_large':
      case 'reference_missing':
      case 'not_logged_in':
        return this.code;
      default:
        return 'auth_failed';
    }
  }
}
