// Who has to say yes: other people than the requester, each once and for one role; where there is one person, their typed confirmation.
import type { QuorumPart } from './types.ts';

/** The roles that a quorum may be made of: whoever holds one of them approves or rejects. */
export const APPROVER_ROLES = [
  'approver',
  'safety_reviewer',
  'security_owner',
  'incident_commander',
  'project_owner',
  'org_admin',
] as const;
export type ApproverRole = (typeof APPROVER_ROLES)[number];

export interface ExportRule {
  quorum: QuorumPart[];
  /** How long approvals are waited for. */
  expires_hours: number;
}

/** What holds where the policy says nothing of exports. */
export const DEFAULT_RULE: ExportRule = {
  quorum: [
    { role: 'safety_reviewer', count: 1 },
    { role: 'security_owner', count: 1 },
  ],
  expires_hours: 168,
};

/** A yes as the record holds it. Times are RFC 3339 UTC. */
export interface Yes {
  actor: string;
  /** The one it counts for. */
  role: string;
  at: string;
  /** By the database's clock, at each use. */
  not_after: string;
  /** Hex leaf hash of its entry in the log. */
  entry: string;
  /** The one person of loopback trust: stands for the whole quorum, for ever marked as that. */
  single_operator: boolean;
}

const distinct = (yeses: readonly Yes[]): number => new Set(yeses.map((yes) => yes.actor)).size;

/** The parts of the quorum that are not met by these, each with how many people it still wants. */
export function lacking(quorum: readonly QuorumPart[], yeses: readonly Yes[]): QuorumPart[] {
  if (yeses.some((yes) => yes.single_operator)) return [];
  // Nobody's yes is counted for two parts, whatever the record holds.
  const once = yeses.filter((yes, i) => yeses.findIndex((other) => other.actor === yes.actor) === i);
  return quorum
    .map(({ role, count }) => ({ role, count: count - distinct(once.filter((yes) => yes.role === role)) }))
    .filter(({ count }) => count > 0);
}

/** Those whose time is not over. */
export const standing = (yeses: readonly Yes[], now: string): Yes[] =>
  yeses.filter((yes) => Date.parse(yes.not_after) > Date.parse(now));

/** The role that a yes by somebody who holds `roles` counts for: the one they name, else the first that is still wanted. */
export function roleFor(
  quorum: readonly QuorumPart[],
  yeses: readonly Yes[],
  roles: readonly string[],
  named?: string,
): string | undefined {
  const wanted = [...lacking(quorum, yeses), ...quorum].map((part) => part.role);
  return wanted.find((role) => roles.includes(role) && (named === undefined || role === named));
}
