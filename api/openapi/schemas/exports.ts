import { z } from 'zod';
import { APPROVER_ROLES } from '../../../domain/export/quorum.ts';
import { EXPORT_REASONS, EXPORT_STATES } from '../../../domain/export/types.ts';
import { ROLES } from '../../../domain/identity/roles.ts';
import { named } from '../registry.ts';
import { count, digest, instant, text } from './common.ts';

export const exportId = named('ExportId', z.string().regex(/^EXP-\d{8}-[0-9a-f]{8}$/));
export const exportState = named('ExportState', z.enum(EXPORT_STATES));
export const exportReason = named('ExportReason', z.enum(EXPORT_REASONS));
const digestName = z.string().regex(/^sha256:[0-9a-f]{64}$/);

const destination = named(
  'ExportDestination',
  z.union([
    z.strictObject({ kind: z.literal('file') }),
    z.strictObject({ kind: z.literal('s3'), upstream: text(63).describe('the name of the upstream that it goes to') }),
  ]),
);

export const exportRequest = named(
  'ExportRequest',
  z.strictObject({
    bundle: z.strictObject({ name: text(128), version: text(128) }),
    destination,
    reason: text(1024),
    ticket: text(256).optional().describe('an override is for the export that has its ticket'),
    manifest: z
      .record(z.string(), z.unknown())
      .optional()
      .describe('of the bundle: used only where an override lifts what the registry does not answer'),
    retain_days: z.int().min(1).max(3650).optional().describe('the archive is kept under a lock, where it can be'),
    not_after: instant.optional().describe('approvals are waited for no longer, and none is good for longer'),
  }),
);

const quorum = z.array(z.object({ role: z.enum(APPROVER_ROLES), count: z.int().min(1) }));
const reasons = z.array(exportReason);

const members = {
  export_id: exportId,
  bundle: z.object({
    name: z.string(),
    version: z.string(),
    digest: digestName.nullable().describe('of the manifest that was found'),
    transition_digest: digestName.nullable(),
  }),
  destination,
  key: z.string().describe('what the archive is called where it goes'),
  state: exportState,
  reason_code: exportReason.nullable().describe('why it is blocked'),
  held: z.boolean().describe('blocked by what passes: it goes on by itself'),
  mode: z.enum(['enforce', 'advisory']),
  findings: reasons.describe('what preflight found against it'),
  would_block: reasons.describe('in advisory mode: what would have blocked it'),
  quorum,
  policy_digest: digest,
  expires_at: instant,
  grant: z
    .looseObject({ kind: z.enum(['approval', 'waiver', 'override', 'advisory']), granted_at: instant })
    .nullable()
    .describe('by what it was let through'),
  statement_digest: digest.nullable(),
  archive: z.object({ sha256: digest, bytes: count }).nullable(),
  integrity_checked_at: instant.nullable(),
  airlock_checked_at: instant.nullable(),
  closed_during_commit: z.boolean().describe('the airlock was being closed while the archive was given its name'),
  retain_until: instant.nullable(),
  failure: z.string().nullable(),
  reason: z.string(),
  ticket: z.string().nullable(),
  requested_by: z.string(),
  on_behalf_of: z.string().nullable(),
  ended_by: z.string().nullable(),
  ended_reason: z.string().nullable(),
  created_at: instant,
  finished_at: instant.nullable(),
};

const approval = z.object({
  actor: z.string(),
  role: z.string().describe('the one that it counts for'),
  at: instant,
  not_after: instant,
  entry: digest.describe('leaf hash of its entry in the log'),
  single_operator: z.boolean(),
});

export const exported = named('Export', z.object(members));
export const exportList = named('ExportList', z.array(exported));
export const exportWithApprovals = named(
  'ExportWithApprovals',
  z.object({ ...members, approvals: z.array(approval), lacking: quorum.describe('whose approval is waited for') }),
);
export const exportApproval = named(
  'ExportApproval',
  z.strictObject({
    role: z
      .enum(ROLES)
      .optional()
      .describe('the one that it is to count for, by default the first that is wanted and held'),
    not_after: instant.optional().describe('it is good no longer'),
    confirm: text(64).optional().describe('the id of the export, where one person is all there is'),
  }),
);
export const exportRejection = named('ExportRejection', z.strictObject({ reason: text(1024) }));
export const exportCancellation = named('ExportCancellation', z.strictObject({ reason: text(1024).optional() }));
