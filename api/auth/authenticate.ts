import type { IncomingMessage } from 'node:http';
import { ROLES } from '../../domain/identity/roles.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import { findToken } from './tokens-file.ts';
import type { Tokens } from './tokens-file.ts';
import type { Principal } from './principal.ts';

/** In loopback trust the one person at the machine holds every role, in whichever workspace they name. */
export const LOCAL_OPERATOR: Principal = { actor: 'local-operator', roles: ROLES, workspace_id: undefined };

/** Who asks for what is published, and is asked nothing. */
export const ANYONE: Principal = { actor: 'anyone', roles: [], workspace_id: undefined };

export interface Authentication {
  loopbackTrust: boolean;
  /** The tokens in force; absent where none are configured. */
  tokens?: () => Promise<Tokens>;
  /** Who presents an OIDC token; absent where no issuer is configured. Errors: oidc_unreachable. */
  oidc?: (token: string) => Promise<Principal | undefined>;
}

const BEARER = /^Bearer +([A-Za-z0-9._~+/=-]{1,8192})$/i;

/**
 * Who asks. A token that is presented is always judged, also in loopback trust; where no tokens are configured it says
 * nothing. Errors: unauthenticated, oidc_unreachable.
 */
export async function authenticate(
  req: IncomingMessage,
  { loopbackTrust, tokens, oidc }: Authentication,
): Promise<Principal> {
  const header = req.headers.authorization;
  if (loopbackTrust && (header === undefined || (tokens ?? oidc) === undefined)) return LOCAL_OPERATOR;
  const token = BEARER.exec(header ?? '')?.[1];
  if (token === undefined) throw new DomainError('unauthenticated');
  const known = tokens === undefined ? undefined : findToken(await tokens(), token);
  const principal = known ?? (await oidc?.(token));
  if (principal === undefined) throw new DomainError('unauthenticated');
  return principal;
}
