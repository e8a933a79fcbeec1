import { describe, expect, it } from 'vitest';
import { isProblemCode, PROBLEMS } from '../../../domain/problem/codes.ts';
import { DomainError, fieldsProblem, problem, problemOf } from '../../../domain/problem/problem.ts';

const byStatus = (status: number): string[] =>
  Object.entries(PROBLEMS).flatMap(([code, entry]) => (entry.status === status ? [code] : []));

describe('problems', () => {
  it('have these codes for these statuses', () => {
    expect(
      Object.fromEntries(
        [400, 401, 403, 404, 405, 409, 413, 415, 416, 423, 429, 500, 503].map((s) => [s, byStatus(s)]),
      ),
    ).toEqual({
      400: [
        'malformed_json',
        'repeated_key',
        'unrepresentable',
        'too_deep',
        'unknown_field',
        'validation_failed',
        'severity_below_default',
        'policy_invalid',
        'upstreams_invalid',
      ],
      401: ['unauthenticated'],
      403: [
        'class_not_permitted',
        'command_not_allowed',
        'not_permitted',
        'self_approval',
        'role_not_issuable',
        'signature_required',
        'signal_unsigned',
        'envelope_malformed',
        'payload_type_mismatch',
        'duplicate_key',
        'statement_malformed',
        'signature_invalid',
        'signature_expired',
        'signature_valid_too_long',
        'signed_for_another_instance',
        'signed_for_another_workflow',
        'signed_for_another_decision',
        'signed_for_another_workspace',
        'scope_not_waivable',
        'role_not_held',
        'identity_not_holder',
        'key_of_another',
        'waiver_expired',
        'waiver_not_yet_valid',
        'waiver_valid_too_long',
        'key_unknown',
        'key_revoked',
        'key_expired',
        'proxied_without_auth',
        'forbidden_host',
        'forbidden_origin',
      ],
      404: [
        'not_found',
        'incident_not_found',
        'node_not_found',
        'baseline_not_found',
        'model_not_quarantined',
        'entry_not_found',
        'history_not_found',
        'tile_not_found',
        'upstream_not_found',
        'secret_not_found',
        'secret_version_not_found',
        'lease_not_found',
        'token_not_found',
        'key_not_found',
        'capture_not_found',
        'adapter_not_found',
        'rotation_not_found',
        'schedule_not_found',
        'blob_not_found',
        'upload_not_found',
        'bundle_not_found',
        'export_not_found',
        'waiver_not_found',
        'override_not_found',
        'delivery_not_found',
      ],
      405: ['method_not_allowed'],
      409: [
        'already_resolved',
        'containment_changed',
        'occurrence_changed',
        'settlement_changed',
        'reattest_not_required',
        'recovery_incomplete',
        'same_person',
        'containment_pending',
        'appraisal_failed',
        'challenge_unknown',
        'challenge_used',
        'challenge_expired',
        'incident_not_served',
        'node_unknown',
        'node_exists',
        'node_unchanged',
        'keys_invalid',
        'ek_mismatch',
        'ek_untrusted',
        'credential_failed',
        'quote_failed',
        'pcr_not_referenced',
        'observation_changed',
        'no_evidence',
        'approval_unjustified',
        'signed_version_invalid',
        'file_unreadable',
        'observation_too_large',
        'observation_malformed',
        'baseline_invalid',
        'log_not_current',
        'last_node',
        'second_person_required',
        'confirmation_required',
        'approval_refused',
        'capture_open',
        'adapter_narrowed',
        'export_over',
        'export_not_pending',
        'export_completing',
        'already_approved',
        'approval_expired',
        'waiver_invalid',
        'rotation_running',
        'rotation_over',
        'overlap_unavailable',
        'checklist_changed',
        'secret_class_fixed',
        'slot_not_leasable',
        'lease_revoked',
        'lease_expired',
        'key_registered',
        'digest_mismatch',
        'delivery_not_dead',
        'stale_state',
        'idempotency_key_reused',
        'upstream_without_account',
        'upstream_account_failed',
        'count_changed',
        'blob_missing',
        'blob_corrupt',
        'blob_versions_none',
        'blob_digest_mismatch',
        'blob_conflict',
        'upload_offset_mismatch',
        'upload_incomplete',
        'upload_completed',
        'bundle_exists',
        'bundle_differs',
        'license_differs',
        'override_live',
        'override_reviewed',
        'reviewer_opened_it',
        'model_not_registered',
        'payload_unreadable',
      ],
      413: ['payload_too_large', 'blob_too_large'],
      415: ['unsupported_media_type'],
      416: ['range_not_satisfiable'],
      423: ['model_quarantined', 'vault_closed'],
      429: ['too_many_requests', 'auth_rate_limited', 'cors_origin_rate_limited'],
      500: ['secret_unreadable', 'internal'],
      503: [
        'oidc_unreachable',
        'database_unreachable',
        'temporal_unreachable',
        'attester_unreachable',
        'tpm_unavailable',
        'upstream_worker_unreachable',
        'ledger_unpublished',
        'blob_store_unreachable',
        'blob_store_denied',
        'blob_unreadable',
        'forensic_key_missing',
        'forensic_key_unusable',
        'receipt_key_unusable',
        'log_signer_unavailable',
        'spool_unavailable',
        'verification_key_missing',
        'master_key_missing',
        'master_key_mismatch',
        'outcome_unknown',
      ],
    });
    expect(byStatus(422)).toEqual([]);
    expect(isProblemCode('stale_state')).toBe(true);
    expect(isProblemCode('constructor')).toBe(false);
  });

  it('are RFC 9457 with a sentence and a word', () => {
    expect(problem('incident_not_found')).toEqual({
      type: 'urn:interlock:problem:incident_not_found',
      title: 'There is no such incident',
      status: 404,
      error: 'There is no such incident',
      code: 'incident_not_found',
    });
    expect(problem('recovery_incomplete', { detail: 'An acknowledgement is missing', missing: ['ack'] })).toMatchObject(
      {
        status: 409,
        title: 'The recovery ceremony is not complete',
        detail: 'An acknowledgement is missing',
        error: 'An acknowledgement is missing',
        missing: ['ack'],
      },
    );
  });

  it('are what a domain error becomes', () => {
    const error = new DomainError('appraisal_failed', { claims: ['pcr_digest'] });
    expect(error.message).toBe(PROBLEMS.appraisal_failed.title);
    expect(problemOf(error)).toMatchObject({ status: 409, code: 'appraisal_failed', claims: ['pcr_digest'] });
  });

  it('share the code of their fields where that says more', () => {
    const unknown = { path: 'x', code: 'unknown_field' };
    const absent = { path: 'class', code: 'required' };
    expect(fieldsProblem([unknown, { ...unknown, path: 'y' }]).code).toBe('unknown_field');
    expect(fieldsProblem([unknown, absent])).toMatchObject({ code: 'validation_failed', fields: [unknown, absent] });
    expect(fieldsProblem([absent]).code).toBe('validation_failed');
    expect(fieldsProblem([{ path: 'x', code: 'internal' }]).code).toBe('validation_failed');
  });
});
