// What each reason means for an export: some hold it until they are gone, some only a person lifts, and integrity nobody lifts.
import { OVERRIDABLE } from './types.ts';
import type { ExportReason } from './types.ts';

/** Gone by themselves or by somebody's work on something else: the same export goes on where it stood. */
export const RESUMABLE: readonly ExportReason[] = [
  'airlock_closed',
  'blob_store_unreachable',
  'blob_store_denied',
  'registry_unreachable',
  'registry_auth_failed',
];

/** In advisory mode these are recorded as what would have blocked, and do not block. Integrity is not among them. */
export const ADVISED: readonly ExportReason[] = [
  'approval_missing',
  'waiver_invalid',
  'profile_unpinned',
  'policy_tainted',
  'license_missing',
  'bundle_unregistered',
];

export const LIFTED_BY_OVERRIDE = OVERRIDABLE;

export const isResumable = (reason: ExportReason): boolean => RESUMABLE.includes(reason);
