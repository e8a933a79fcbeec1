import type { ExportRecord, ExportWithApprovals } from '../db/read/exports.ts';
import { grantOf, isOver } from '../domain/export/record.ts';
import { digestName } from '../domain/registry/digest.ts';
import { lacking } from '../domain/export/quorum.ts';

/** An export as the API shows it. */
export const exportView = (r: ExportRecord) => ({
  export_id: r.export_id,
  bundle: {
    name: r.name,
    version: r.bundle_version,
    digest: r.digest === null ? null : digestName(r.digest),
    transition_digest: r.transition_digest,
  },
  destination: r.destination,
  key: r.key,
  state: r.state,
  /** Why it is blocked. */
  reason_code: r.reason_code,
  /** Blocked, and goes on by itself when the reason has gone. */
  held: r.held,
  mode: r.mode,
  findings: r.findings,
  would_block: r.would_block,
  quorum: r.quorum,
  policy_digest: r.policy_digest,
  expires_at: r.expires_at,
  grant: grantView(r),
  statement_digest: r.statement_digest,
  archive: r.archive_sha256 === null ? null : { sha256: r.archive_sha256, bytes: r.received },
  integrity_checked_at: r.integrity_checked_at,
  airlock_checked_at: r.airlock_checked_at,
  closed_during_commit: r.closed_during_commit,
  retain_until: r.retain_until,
  failure: r.failure,
  reason: r.reason,
  ticket: r.ticket,
  requested_by: r.actor,
  on_behalf_of: r.on_behalf_of,
  ended_by: r.ended_by,
  ended_reason: r.ended_reason,
  created_at: r.created_at,
  finished_at: r.finished_at,
});

function grantView(r: ExportRecord) {
  const grant = grantOf({ grant: r.basis, override: r.lifted_by });
  if (grant === null) return null;
  const said = Object.entries(grant).filter(([name]) => name !== 'approvals');
  return { ...Object.fromEntries(said), granted_at: r.granted_at };
}

/** The same with who approved it, and who is still waited for. */
export const exportDetail = (r: ExportWithApprovals) => ({
  ...exportView(r),
  approvals: r.approvals.map(({ actor, role, at, not_after, entry, single_operator }) => ({
    actor,
    role,
    at,
    not_after,
    entry,
    single_operator,
  })),
  lacking: isOver(r) || r.basis !== null ? [] : lacking(r.quorum, r.approvals),
});
