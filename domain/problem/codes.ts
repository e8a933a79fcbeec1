// Every refusal the API can give: its code, its HTTP status, its sentence. Bad input is 400, a state that forbids is 409.

export const PROBLEMS = {
  malformed_json: { status: 400, title: 'The body is not one JSON value' },
  repeated_key: { status: 400, title: 'A key appears twice in the same object' },
  unrepresentable: { status: 400, title: 'A value cannot be represented in I-JSON' },
  too_deep: { status: 400, title: 'The body is nested too deeply' },
  unknown_field: { status: 400, title: 'The request has a field that is not known' },
  validation_failed: { status: 400, title: 'The request has fields that are not valid' },
  severity_below_default: { status: 400, title: 'The severity is below the default of its class' },
  policy_invalid: { status: 400, title: 'The containment policy does not parse; the active one stays' },

  unauthenticated: { status: 401, title: 'Credentials are missing or unknown' },

  not_permitted: { status: 403, title: 'The caller is not permitted to do this' },
  signature_required: { status: 403, title: 'The decision came without an authenticated caller' },
  proxied_without_auth: { status: 403, title: 'A proxied or cross-site request is not trusted without credentials' },
  forbidden_host: { status: 403, title: 'The Host of the request is not one of this server' },
  forbidden_origin: { status: 403, title: 'The Origin of the request is not allowed' },

  not_found: { status: 404, title: 'There is no such resource' },
  incident_not_found: { status: 404, title: 'There is no such incident' },
  node_not_found: { status: 404, title: 'There is no such enrolled node' },
  baseline_not_found: { status: 404, title: 'There is no such baseline' },
  model_not_quarantined: { status: 404, title: 'No quarantine stands for this model' },

  method_not_allowed: { status: 405, title: 'The resource does not take this method' },

  already_resolved: { status: 409, title: 'The incident is resolved' },
  containment_changed: { status: 409, title: 'The containment is no longer the one that was decided on' },
  occurrence_changed: { status: 409, title: 'The incident occurred again after the challenge' },
  settlement_changed: { status: 409, title: 'A containment action was settled or lost after the challenge' },
  reattest_not_required: { status: 409, title: 'The incident requires no re-attestation' },
  recovery_incomplete: { status: 409, title: 'The recovery ceremony is not complete' },
  containment_pending: { status: 409, title: 'The containment is not settled' },
  appraisal_failed: { status: 409, title: 'The attestation evidence does not match the reference values' },
  challenge_unknown: { status: 409, title: 'The attestation challenge is not known' },
  challenge_used: { status: 409, title: 'The attestation challenge was used before' },
  challenge_expired: { status: 409, title: 'The attestation challenge has expired' },
  incident_not_served: { status: 409, title: 'The attestation challenge was not written for this incident' },
  node_unknown: { status: 409, title: 'The node is not enrolled' },
  node_exists: { status: 409, title: 'The node is enrolled with another key' },
  node_unchanged: { status: 409, title: 'The node still has the key it was enrolled with' },
  keys_invalid: { status: 409, title: 'The keys of the TPM are not those of an attester' },
  ek_mismatch: { status: 409, title: 'The EK certificate is of another key than the EK' },
  ek_untrusted: { status: 409, title: 'The EK certificate leads to no root that counts here' },
  credential_failed: { status: 409, title: 'The TPM did not prove that it holds the enrolled keys' },
  quote_failed: { status: 409, title: 'The quote of the enrolment does not hold' },
  pcr_not_referenced: { status: 409, title: 'The reference values do not name this PCR' },
  no_evidence: { status: 409, title: 'There is no authentic quote whose value could be approved' },
  approval_unjustified: { status: 409, title: 'An approval needs an open incident of its kind or a ticket' },
  signed_version_invalid: { status: 409, title: 'The version in force does not verify' },
  file_unreadable: { status: 409, title: 'A protected file cannot be read' },
  observation_too_large: { status: 409, title: 'The protected folder is larger than a baseline may be' },
  observation_malformed: { status: 409, title: 'What the attester observed is no list of files' },
  baseline_invalid: { status: 409, title: 'There is no file to protect' },
  last_node: { status: 409, title: 'The last enrolled node is never retired' },
  second_person_required: { status: 409, title: 'A second person has to ask for the same' },
  confirmation_required: { status: 409, title: 'A single operator confirms by typing the name of the object' },
  stale_state: { status: 409, title: 'The record changed since it was read' },
  idempotency_key_reused: { status: 409, title: 'The idempotency key was used for another request' },
  count_changed: { status: 409, title: 'The number of incidents is not the expected one' },

  payload_too_large: { status: 413, title: 'The body is longer than 64 KiB' },
  unsupported_media_type: { status: 415, title: 'The body is not of type application/json' },
  too_many_requests: { status: 429, title: 'Too many requests' },
  internal: { status: 500, title: 'The server failed' },

  database_unreachable: { status: 503, title: 'The database is unreachable' },
  temporal_unreachable: { status: 503, title: 'Temporal is unreachable' },
  attester_unreachable: { status: 503, title: 'The attester does not answer' },
  tpm_unavailable: { status: 503, title: 'The TPM is not available' },
  verification_key_missing: { status: 503, title: 'The public key of the instance is not there yet' },
  outcome_unknown: { status: 503, title: 'The database did not say whether it recorded the request' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemCode = keyof typeof PROBLEMS;

export const isProblemCode = (code: string): code is ProblemCode => Object.hasOwn(PROBLEMS, code);
