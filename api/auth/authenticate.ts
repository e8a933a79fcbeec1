import type { IncomingMessage } from 'node:http';
import { ROLES } from '../../domain/identity/roles.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import type { BucketOptions } from './buckets.ts';
import { findToken } from './tokens-file.ts';
import type { Tokens } from './tokens-file.ts';
import type { Principal } from './principal.ts';
import type { RefusedFile } from './raw-token-files.ts';
import type { AuthTrail } from './trail.ts';

/** In loopback trust the one person at the machine holds every role, in whichever workspace they name. */
export const LOCAL_OPERATOR: Principal = { actor: 'local-operator', roles: ROLES, workspace_id: undefined };

/** Who asks for what is published, and is asked nothing. */
export const ANYONE: Principal = { actor: 'anyone', roles: [], workspace_id: undefined };

export interface Authentication {
  loopbackTrust: boolean;
  /** The tokens of a file; absent where none is configured. */
  tokens?: () => Promise<Tokens>;
  /** The files of one raw token each that give nobody access, for who looks after them. */
  refusedFiles?: () => Promise<RefusedFile[]>;
  /** Whom a token of the record speaks for. */
  issued?: (token: string) => Promise<Principal | undefined>;
  /** Whom a signed token of an identity provider speaks for, undefined where it proves nobody. */
  oidc?: (token: string) => Promise<Principal | undefined>;
  /** Where every refusal is written. */
  trail?: AuthTrail;
  /** `host` or `host:port` that a request may be for, besides loopback names and the address it was sent to. */
  allowedHosts?: readonly string[];
  /** The origins whose pages may ask, besides our own. */
  corsOrigins?: readonly string[];
  /** The origins of the engine's console, whose pages ask for the codec server in loopback trust. */
  consoleOrigins?: readonly string[];
  /** How many failures a source has; by default `PER_SOURCE`. */
  failures?: Partial<BucketOptions>;
}

const BEARER = /^Bearer +([A-Za-z0-9._~+/=-]{1,8192})$/i;

/** RFC 7519 §3.1: three parts, the first a JSON object. A token of ours has no dot. */
const JWT = /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/;

/**
 * Who asks. A token that is presented is always judged, also in loopback trust; where no tokens are configured it says
 * nothing. Errors: unauthenticated.
 */
export async function authenticate(req: IncomingMessage, auth: Authentication): Promise<Principal> {
  const header = req.headers.authorization;
  const judged = auth.tokens ?? auth.issued ?? auth.oidc;
  if (auth.loopbackTrust && (header === undefined || judged === undefined)) return LOCAL_OPERATOR;
  const token = BEARER.exec(header ?? '')?.[1];
  const principal = token === undefined ? undefined : await principalOf(token, auth);
  if (principal !== undefined) return principal;
  auth.trail?.write({ code: 'unauthenticated', source: sourceOf(req), detail: { presented: header !== undefined } });
  throw new DomainError('unauthenticated');
}

/** The address that the connection came from. */
export const sourceOf = (req: IncomingMessage): string => req.socket.remoteAddress ?? 'unknown';

async function principalOf(token: string, { tokens, issued, oidc }: Authentication): Promise<Principal | undefined> {
  const known = tokens === undefined ? undefined : findToken(await tokens(), token);
  return known ?? (JWT.test(token) ? oidc?.(token) : issued?.(token));
}
