// A quote counts for an incident only as the incident stood when its challenge was written, once, within 60 seconds.
import { AttestationError } from './error.ts';

export const CHALLENGE_LIFETIME_MS = 60_000;

/** An incident as it stood when the challenge was written. */
export interface ServedIncident {
  workspace_id: string;
  incident_id: string;
  binding: string;
  occurrences: number;
  settlements: number;
}

/** Times are RFC 3339; `nonce` is hex. */
export interface Challenge {
  nonce: string;
  node: string;
  created_at: string;
  expires_at: string;
  used_at: string | null;
  incidents: readonly ServedIncident[];
}

/** The incident under its row's lock. */
export interface IncidentNow extends ServedIncident {
  state: string;
}

export type ChallengeRefusal =
  | 'challenge_expired'
  | 'challenge_used'
  | 'incident_not_served'
  | 'already_resolved'
  | 'containment_changed'
  | 'occurrence_changed'
  | 'settlement_changed';

export type ChallengeVerdict = { ok: true } | { ok: false; code: ChallengeRefusal };

/** When a challenge written at `createdAt` expires, RFC 3339 UTC. */
export function challengeExpiry(createdAt: string): string {
  return new Date(Date.parse(createdAt) + CHALLENGE_LIFETIME_MS).toISOString();
}

/** Each comparison is false for a time that cannot be read, so such a challenge has expired. */
function isLive({ created_at, expires_at }: Challenge, now: string): boolean {
  const [from, until, at] = [Date.parse(created_at), Date.parse(expires_at), Date.parse(now)];
  return until - from <= CHALLENGE_LIFETIME_MS && from <= at && at < until;
}

const refuse = (code: ChallengeRefusal): ChallengeVerdict => ({ ok: false, code });

/** Whether the challenge may be answered at all: unused and within its time. */
export function challengeOpen(challenge: Challenge, now: string): ChallengeVerdict {
  if (challenge.used_at !== null) return refuse('challenge_used');
  return isLive(challenge, now) ? { ok: true } : refuse('challenge_expired');
}

/**
 * Whether an answer to the challenge counts as the incident's re-attestation. One answer may serve several incidents:
 * judge each by the challenge as it was read, and set `used_at` in the same transaction.
 */
export function challengeServes(challenge: Challenge, incident: IncidentNow, now: string): ChallengeVerdict {
  const open = challengeOpen(challenge, now);
  if (!open.ok) return open;
  const then = challenge.incidents.find(
    (i) => i.workspace_id === incident.workspace_id && i.incident_id === incident.incident_id,
  );
  if (then === undefined) return refuse('incident_not_served');
  if (incident.state === 'resolved') return refuse('already_resolved');
  if (then.binding !== incident.binding) return refuse('containment_changed');
  if (then.occurrences !== incident.occurrences) return refuse('occurrence_changed');
  if (then.settlements !== incident.settlements) return refuse('settlement_changed');
  return { ok: true };
}

/**
 * Whose quotes an incident asks for: the node its evidence names if that one is enrolled, else every enrolled node.
 * Errors: no_node_enrolled, for an empty list would be satisfied by nothing at all.
 */
export function reattestNodes(evidenceNode: unknown, enrolledNodes: readonly string[]): string[] {
  if (enrolledNodes.length === 0) throw new AttestationError('no_node_enrolled', 'node');
  const named = enrolledNodes.filter((n) => n === evidenceNode);
  return [...new Set(named.length > 0 ? named : enrolledNodes)].sort();
}

/** Whether every node asked for has passed; never true of no nodes. */
export function everyNodePassed(asked: readonly string[], passed: ReadonlySet<string>): boolean {
  return asked.length > 0 && asked.every((node) => passed.has(node));
}
