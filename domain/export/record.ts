// What an export's record says decides alone what is next: its process, its door and its hands ask here.
import type { ExportGrant, ExportReason, ExportState, QuorumPart } from './types.ts';
import type { Yes } from './quorum.ts';

export type GovernanceMode = 'enforce' | 'advisory';

/** What an approval is asked for by, or is not. An override lifts other things: it never stands for an approval. */
export type Basis = Exclude<ExportGrant, { kind: 'override' }>;

/** The part of an export's record that its course is judged by. Times are RFC 3339 UTC by the database's clock. */
export interface Export {
  state: ExportState;
  mode: GovernanceMode;
  requested_by: string;
  quorum: QuorumPart[];
  /** Approvals are waited for so long. */
  expires_at: string;
  /** Hex digest of the manifest that was found, and that every grant is about. */
  digest: string | null;
  transition_digest: string | null;
  /** What preflight found against it. */
  findings: ExportReason[];
  /** In advisory mode: what would have blocked it. */
  would_block: ExportReason[];
  /** Why it does not go on. */
  reason_code: ExportReason | null;
  approvals: Yes[];
  /** What stands for the approval; what an override lifts besides is in `override`, once it was used. */
  grant: Basis | null;
  override: Leniency['override'];
  /** Blocked by what passes: it goes on from where it stood. */
  held: boolean;
  statement_digest: string | null;
  handle: string | null;
  received: number;
  archive_sha256: string | null;
  integrity_checked_at: string | null;
  airlock_checked_at: string | null;
  closed_during_commit: boolean;
  /** Failures of the present step in a row. */
  attempts: number;
  next_attempt_at: string | null;
  /** The code of what fails at present, or made it fail. */
  failure: string | null;
}

/** `begin` judges the grant; `discard` forgets what was sent of one that ended. */
export type ExportStep = 'preflight' | 'begin' | 'seal' | 'deliver' | 'complete' | 'discard';

/** What stands in a workspace for this bundle at this moment. */
export interface Leniency {
  waiver: { waiver_id: string; digest: string } | null;
  override: { override_id: string; ticket: string } | null;
}

/** What stands behind the gates at this moment. */
export interface Gates {
  airlock_open: boolean;
  /** The bundle itself. */
  quarantined: boolean;
}

export type ExportEvent =
  | { kind: 'preflighting' }
  | ({
      kind: 'preflighted';
      bundle: { digest: string; transition_digest: string } | null;
      findings: ExportReason[];
    } & Leniency)
  | { kind: 'approve'; yes: Yes }
  | { kind: 'reject' }
  | { kind: 'cancel' }
  | { kind: 'waive'; waiver: Leniency['waiver'] }
  | { kind: 'expire' }
  | ({ kind: 'begin' } & Gates & Leniency)
  | { kind: 'sealed'; statement_digest: string }
  | { kind: 'opened'; handle: string }
  | { kind: 'sent'; handle: string; received: number; sha256: string }
  | ({ kind: 'committing' } & Gates)
  | { kind: 'delivered'; closed_meanwhile: boolean }
  | { kind: 'stopped'; reason: ExportReason }
  | { kind: 'failed'; code: string; retry: boolean }
  | { kind: 'discarded' };

export type ExportRefusal =
  'export_over' | 'export_completing' | 'export_not_pending' | 'self_approval' | 'already_approved' | 'waiver_invalid';

const GRANTED: readonly ExportState[] = ['approved', 'waived', 'overridden'];
const ENDED: readonly ExportState[] = ['exported', 'rejected', 'expired', 'failed', 'cancelled'];

/** Nothing of it happens any more; one that is held goes on when what holds it is gone. */
export const isOver = (x: Pick<Export, 'state' | 'held'>): boolean =>
  ENDED.includes(x.state) || (x.state === 'blocked' && !x.held);

/** By what it was let through, as its statement names it. */
export function grantOf({ grant, override }: Pick<Export, 'grant' | 'override'>): ExportGrant | null {
  if (grant === null || override === null) return grant;
  const { approvals, ...basis } = grant;
  return { kind: 'override', ...override, basis, approvals };
}

/** The step that is to be taken next; null while people are waited for, and when nothing is left to do. */
export function stepOf(x: Export): ExportStep | null {
  if (isOver(x)) return x.handle === null || x.state === 'exported' ? null : 'discard';
  if (GRANTED.includes(x.state)) return 'begin';
  if (x.state === 'requested' || x.state === 'preflight' || x.state === 'blocked')
    return x.grant === null ? 'preflight' : 'begin';
  if (x.state !== 'exporting') return null;
  if (x.statement_digest === null) return 'seal';
  return x.integrity_checked_at === null ? 'deliver' : 'complete';
}

/** Milliseconds until the present step, or the end of the wait for approvals, is due; null when there is none. */
export function dueIn(x: Export, now: string): number | null {
  const at = x.state === 'pending_approval' ? x.expires_at : stepOf(x) === null ? undefined : x.next_attempt_at;
  if (at === undefined) return null;
  return at === null ? 0 : Math.max(0, Date.parse(at) - Date.parse(now));
}
