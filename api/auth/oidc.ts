import { decodeJwt, decodeProtectedHeader, errors, jwtVerify } from 'jose';
import type { JWTPayload } from 'jose';
import { oidcActor, ruleFor } from '../../domain/identity/oidc-claims.ts';
import type { ClaimsRule } from '../../domain/identity/oidc-claims.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import { issuerKeys } from './oidc-keys.ts';
import type { IssuerKeysOptions } from './oidc-keys.ts';
import type { Principal } from './principal.ts';

export interface OidcOptions extends IssuerKeysOptions {
  /** Exactly the `iss` of its tokens; https, or http on this machine. */
  issuer: string;
  /** Exactly the `aud` of its tokens: one that is meant for others as well is not taken. */
  audience: string;
  /** The claims table, read when asked. */
  rules: () => readonly ClaimsRule[];
  /** The clock that ends are judged by: the record's, where there is one. */
  now?: () => Promise<Date>;
  /** Told why an issuer that should have answered did not. */
  onUnreachable?: (error: unknown) => void;
}

const ALGORITHMS = ['RS256', 'ES256'];
const LONGEST_LIFE_S = 900;
const TOLERANCE_S = 10;
/** Base64url JSON of a header, of claims, and a signature. */
const COMPACT = /^eyJ[A-Za-z0-9_-]+\.eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

/** Errors of jose that say something about the token; any other is about the issuer or its keys. */
const REFUSED = [
  errors.JWTClaimValidationFailed,
  errors.JWTExpired,
  errors.JWTInvalid,
  errors.JWSInvalid,
  errors.JWSSignatureVerificationFailed,
  errors.JOSEAlgNotAllowed,
  errors.JOSENotSupported,
  errors.JWKSNoMatchingKey,
  errors.JWKSMultipleMatchingKeys,
];

/**
 * Judges the OIDC tokens that a pipeline presents (RFC 7519, RFC 8725): undefined for whatever is not a valid one that a
 * rule of the claims table takes. What is not even from this issuer costs no request to it. The same token may be presented
 * again while it lives. Errors: oidc_unreachable when the keys to judge it with cannot be had.
 */
export function createOidc({ issuer, audience, rules, onUnreachable, now, ...keyOptions }: OidcOptions) {
  const keys = issuerKeys(issuer, keyOptions);
  const host = new URL(issuer).host;

  async function verified(token: string): Promise<JWTPayload | undefined> {
    const currentDate = (await now?.()) ?? new Date();
    try {
      const { payload } = await jwtVerify(token, await keys(), {
        issuer,
        audience,
        algorithms: ALGORITHMS,
        currentDate,
        clockTolerance: TOLERANCE_S,
        maxTokenAge: LONGEST_LIFE_S,
        requiredClaims: ['iss', 'aud', 'sub', 'exp', 'iat'],
      });
      return payload;
    } catch (error) {
      if (REFUSED.some((kind) => error instanceof kind)) return undefined;
      onUnreachable?.(error);
      throw new DomainError('oidc_unreachable');
    }
  }

  return async (token: string): Promise<Principal | undefined> => {
    if (!COMPACT.test(token) || !claimsToBe(token, issuer)) return undefined;
    const claims = await verified(token);
    if (claims === undefined || !isShortLived(claims) || !isFor(audience, claims.aud)) return undefined;
    const rule = ruleFor(rules(), claims);
    const actor = oidcActor(host, claims.sub);
    if (rule === undefined || actor === undefined) return undefined;
    return { actor, roles: [rule.role], workspace_id: rule.workspace, requests_only: true };
  };
}

function claimsToBe(token: string, issuer: string): boolean {
  try {
    return ALGORITHMS.includes(decodeProtectedHeader(token).alg ?? '') && decodeJwt(token).iss === issuer;
  } catch {
    return false;
  }
}

const isShortLived = ({ exp, iat }: JWTPayload): boolean =>
  exp !== undefined && iat !== undefined && exp > iat && exp - iat <= LONGEST_LIFE_S;

const isFor = (audience: string, aud: JWTPayload['aud']): boolean =>
  aud === audience || (Array.isArray(aud) && aud.length === 1 && aud[0] === audience);
