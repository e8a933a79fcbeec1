// A node is trusted only on the strength of a pass: never before the first, never across a reboot or a silence.
import type { Environment } from './appraise.ts';

export type TrustState = 'trusted' | 'degraded' | 'unknown';

/** The part of a node's record that its state is read from; times are RFC 3339. */
export interface NodeStanding {
  state: 'enrolled' | 'retired';
  last_passed: boolean | null;
  last_pass_at: string | null;
  missed_quotes: number;
  reboot_pending: boolean;
}

export const MISSED_QUOTES_LIMIT = 2;
export const EVIDENCE_MISSING_AFTER_MS = 5 * 60_000;

/** The attester's time to answer, and that of a control process to come back. */
const ROUND_MS = 60_000;

/** How long a pass speaks for its subject where a watch looks every `intervalMs`: two looks may fail to come. */
export const passCountsForMs = (intervalMs: number): number => 2 * intervalMs + ROUND_MS;

/**
 * `open_incidents` counts open latched incidents of the kind. `max_age_ms`: a pass older than this no longer speaks for
 * the node; absent where no watch takes quotes.
 */
export interface AttestationStanding {
  nodes: readonly NodeStanding[];
  open_incidents: number;
  now: string;
  max_age_ms?: number;
}

/** Whether `at` lies within `ms` before `now`; a time that cannot be read is not recent. */
export function isRecent(at: string | null, now: string, ms: number): boolean {
  return at !== null && Date.parse(now) - Date.parse(at) <= ms;
}

function isKnown(node: NodeStanding, now: string, maxAge: number): boolean {
  const undisturbed = !node.reboot_pending && node.missed_quotes < MISSED_QUOTES_LIMIT;
  return undisturbed && node.last_passed === true && isRecent(node.last_pass_at, now, maxAge);
}

/** The state of the whole instance over its enrolled nodes; without any it is `unknown`. */
export function attestationState({ nodes, open_incidents, now, max_age_ms }: AttestationStanding): TrustState {
  const enrolled = nodes.filter((n) => n.state !== 'retired');
  if (open_incidents !== 0 || enrolled.some((n) => n.last_passed === false)) return 'degraded';
  const known = enrolled.length > 0 && enrolled.every((n) => isKnown(n, now, max_age_ms ?? Infinity));
  return known ? 'trusted' : 'unknown';
}

/** Whether a node's silence is itself an attestation_failure; `since` is its last pass, or its enrolment before one. */
export function evidenceMissing(environment: Environment, since: string, now: string): boolean {
  return environment === 'production' && !isRecent(since, now, EVIDENCE_MISSING_AFTER_MS);
}
