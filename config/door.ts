import type { z } from 'zod';
import { ConfigError } from './config-error.ts';
import { isLoopback } from './loopback.ts';
import type { variables } from './variables.ts';

/** Who signs tokens for pipelines, for whom they are, and what their claims are worth. */
export type OidcEnv = Readonly<{ issuer: string; audience: string; claimsFile: string }>;

/**
 * All three or none: an issuer without a claims table would be trusted with nothing said about what.
 * @throws ConfigError `missing`
 */
export function readOidc(read: z.output<z.ZodObject<typeof variables>>): OidcEnv | undefined {
  const parts = {
    INTERLOCK_OIDC_ISSUER: read.INTERLOCK_OIDC_ISSUER,
    INTERLOCK_OIDC_AUDIENCE: read.INTERLOCK_OIDC_AUDIENCE,
    INTERLOCK_OIDC_CLAIMS_FILE: read.INTERLOCK_OIDC_CLAIMS_FILE,
  };
  const {
    INTERLOCK_OIDC_ISSUER: issuer,
    INTERLOCK_OIDC_AUDIENCE: audience,
    INTERLOCK_OIDC_CLAIMS_FILE: claimsFile,
  } = parts;
  if (issuer !== undefined && audience !== undefined && claimsFile !== undefined)
    return Object.freeze({ issuer, audience, claimsFile });
  if (Object.values(parts).every((value) => value === undefined)) return undefined;
  const [missing = ''] = Object.entries(parts).find(([, value]) => value === undefined) ?? [];
  throw new ConfigError('missing', missing, 'is not set though OIDC tokens are configured');
}

/**
 * Pages of other origins ask from this machine only, and never where there is no credential to hold.
 * @throws ConfigError `refused`
 */
export function refuseStrangeOrigins(corsOrigins: readonly string[], loopbackTrust: boolean): void {
  if (!corsOrigins.every(isOfThisMachine))
    throw new ConfigError(
      'refused',
      'INTERLOCK_CORS_ORIGINS',
      'may name loopback origins only; other pages are served same-origin',
    );
  if (loopbackTrust && corsOrigins.length > 0)
    throw new ConfigError('refused', 'INTERLOCK_CORS_ORIGINS', 'would let pages act as the operator in loopback trust');
}

/**
 * The engine's console is opened on this machine.
 * @throws ConfigError `refused`
 */
export function refuseStrangeConsoles(consoleOrigins: readonly string[]): void {
  if (!consoleOrigins.every(isOfThisMachine))
    throw new ConfigError('refused', 'INTERLOCK_CONSOLE_ORIGINS', 'may name loopback origins only');
}

const isOfThisMachine = (origin: string): boolean => isLoopback(new URL(origin).hostname.replace(/^\[|\]$/g, ''));
