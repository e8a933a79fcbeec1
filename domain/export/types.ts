// What an export is made of, for its record, its process, its archive and whoever verifies it.
import type { BundleId } from '../registry/manifest.ts';

export const EXPORT_STATES = [
  'requested',
  'preflight',
  'pending_approval',
  'approved',
  'waived',
  'overridden',
  'exporting',
  'exported',
  'rejected',
  'expired',
  'blocked',
  'failed',
  'cancelled',
] as const;
export type ExportState = (typeof EXPORT_STATES)[number];

/** Why an export does not go on, or in advisory mode: would not have. */
export const EXPORT_REASONS = [
  'registry_unreachable',
  'registry_auth_failed',
  'bundle_unregistered',
  'blob_missing',
  'blob_corrupt',
  'blob_store_unreachable',
  'blob_store_denied',
  'airlock_closed',
  'model_quarantined',
  'policy_tainted',
  'profile_unpinned',
  'license_missing',
  'approval_missing',
  'approval_expired',
  'waiver_invalid',
  'override_spent',
] as const;
export type ExportReason = (typeof EXPORT_REASONS)[number];

/** What an emergency override lifts, and nothing else. */
export const OVERRIDABLE: readonly ExportReason[] = [
  'registry_unreachable',
  'registry_auth_failed',
  'bundle_unregistered',
];

/** Where the archive goes: a file below the instance's folder of exports, or an object of a destination by its upstream's name. */
export type ExportDestination = { kind: 'file' } | { kind: 's3'; upstream: string };

/** A role that has to be among the approvers, and how many people who hold it. */
export interface QuorumPart {
  role: string;
  count: number;
}

/** Somebody's word that counts: `role` is one they hold, `entry` the hex leaf hash of its entry in the log. */
export interface Approval {
  actor: string;
  role: string;
  at: string;
  entry: string;
}

/** What an override lifts other things beside: it never stands for an approval itself. */
export type GrantBasis =
  | { kind: 'approval' }
  | { kind: 'waiver'; waiver_id: string; digest: string }
  | { kind: 'advisory'; would_block: ExportReason[] };

/** By what an export was let through. `advisory`: by nothing but the mode, and `would_block` says what was missing. */
export type ExportGrant =
  | { kind: 'approval'; approvals: Approval[] }
  | { kind: 'waiver'; waiver_id: string; digest: string; approvals: Approval[] }
  | { kind: 'override'; override_id: string; ticket: string; basis: GrantBasis; approvals: Approval[] }
  | { kind: 'advisory'; would_block: ExportReason[]; approvals: Approval[] };

export interface ExportBundle extends BundleId {
  /** Hex, of the manifest's canonical text with name and version. */
  digest: string;
  /** `sha256:…` */
  transition_digest: string;
}
