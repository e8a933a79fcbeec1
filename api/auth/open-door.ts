import type { Logger } from 'pino';
import type { Env } from '../../config/env.ts';
import type { Authentication } from './authenticate.ts';
import { boundedTrail } from './bounded-trail.ts';
import { createOidc } from './oidc.ts';
import type { AuthTrail } from './trail.ts';
import { watchRules } from './watched-rules.ts';

type Settings = Partial<Pick<Env, 'allowedHosts' | 'corsOrigins' | 'consoleOrigins' | 'oidc'>>;

/**
 * What the configuration says of the door, beside the tokens: hosts, origins, the issuer of OIDC tokens, and the trail,
 * which strangers cannot fill. A claims table that is none stops the start. `now` is the record's clock. Errors: OidcClaimsFileError.
 */
export function openDoor(
  { allowedHosts = [], corsOrigins = [], consoleOrigins = [], oidc }: Settings,
  { trail, log, now }: { trail: AuthTrail; log: Logger; now: () => Promise<Date> },
): Pick<Authentication, 'allowedHosts' | 'corsOrigins' | 'consoleOrigins' | 'oidc'> & { trail: AuthTrail } {
  const door = { trail: boundedTrail(trail), allowedHosts, corsOrigins, consoleOrigins };
  if (oidc === undefined) return door;
  const { issuer, audience, claimsFile } = oidc;
  const rules = watchRules(claimsFile, (err) => log.error({ event: 'oidc.claims_unreadable', err }));
  log.info({ event: 'oidc.configured', issuer, rules: rules().length });
  const onUnreachable = (err: unknown) => log.warn({ event: 'oidc.unreachable', issuer, err });
  return { ...door, oidc: createOidc({ issuer, audience, rules, onUnreachable, now }) };
}
