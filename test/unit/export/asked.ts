import type { Export } from '../../../domain/export/record.ts';
import type { Yes } from '../../../domain/export/quorum.ts';

export const NOW = '2026-01-01T00:00:00.000Z';
export const LATER = '2026-01-08T00:00:00.000Z';
export const AFTER = '2026-01-09T00:00:00.000Z';

/** An export that was just asked for, by `alice`. */
export const asked = (over: Partial<Export> = {}): Export => ({
  state: 'requested',
  mode: 'enforce',
  requested_by: 'alice',
  quorum: [
    { role: 'safety_reviewer', count: 1 },
    { role: 'security_owner', count: 1 },
  ],
  expires_at: LATER,
  digest: null,
  transition_digest: null,
  findings: [],
  would_block: [],
  reason_code: null,
  approvals: [],
  grant: null,
  override: null,
  held: false,
  statement_digest: null,
  handle: null,
  received: 0,
  archive_sha256: null,
  integrity_checked_at: null,
  airlock_checked_at: null,
  closed_during_commit: false,
  attempts: 0,
  next_attempt_at: null,
  failure: null,
  ...over,
});

export const yes = (actor: string, role: string, over: Partial<Yes> = {}): Yes => ({
  actor,
  role,
  at: NOW,
  not_after: LATER,
  entry: 'e'.repeat(64),
  single_operator: false,
  ...over,
});
