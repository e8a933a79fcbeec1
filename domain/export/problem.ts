// What can be wrong with an export's archive, as one closed set of codes, each with its place.

export const EXPORT_PROBLEMS = [
  // The archive as such.
  'archive_cut',
  'archive_overlong',
  'header_altered',
  'padding_altered',
  'member_missing',
  'member_unexpected',
  'member_overlong',
  // Its files.
  'file_altered',
  'manifest_altered',
  'manifest_malformed',
  'keys_malformed',
  // The signature.
  'envelope_malformed',
  'signature_invalid',
  'key_unknown',
  'key_untrusted',
  'statement_malformed',
  // What is signed.
  'statement_differs',
  'checkpoint_wrong',
  'proof_wrong',
  'approval_unproven',
  'approval_differs',
  'approval_repeated',
  'self_approval',
  'quorum_unmet',
  'grant_refused',
  'grant_unproven',
  'bundle_unproven',
] as const;
export type ExportProblemCode = (typeof EXPORT_PROBLEMS)[number];

export interface ExportProblem {
  code: ExportProblemCode;
  /** Of which file of the archive; null: of the archive itself. */
  member: string | null;
  /** The byte of the archive at which what is wrong begins. */
  at: number;
  detail: string;
}
