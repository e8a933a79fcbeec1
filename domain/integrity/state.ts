// Files are trusted only on the strength of a check that found no difference.
import { isRecent } from '../attestation/state.ts';
import type { TrustState } from '../attestation/state.ts';

export const MISSED_CHECKS_LIMIT = 2;

/** The last check of one baseline; times are RFC 3339. */
export interface BaselineStanding {
  last_passed: boolean | null;
  last_pass_at: string | null;
  missed_checks: number;
  /** A start happened since the last check: what the files are now is not known before the next. */
  check_pending: boolean;
}

/**
 * `open_incidents` counts open latched incidents of the kind. `max_age_ms`: a pass older than this no longer counts;
 * absent where no watch runs checks.
 */
export interface IntegrityStanding {
  baselines: readonly BaselineStanding[];
  open_incidents: number;
  now: string;
  max_age_ms?: number;
}

/** The state of the whole instance over its baselines; without any it is `unknown`. */
export function integrityState({ baselines, open_incidents, now, max_age_ms }: IntegrityStanding): TrustState {
  if (open_incidents !== 0 || baselines.some((b) => b.last_passed === false)) return 'degraded';
  const known = baselines.every(
    (b) =>
      b.last_passed === true &&
      !b.check_pending &&
      b.missed_checks < MISSED_CHECKS_LIMIT &&
      isRecent(b.last_pass_at, now, max_age_ms ?? Infinity),
  );
  return baselines.length > 0 && known ? 'trusted' : 'unknown';
}
