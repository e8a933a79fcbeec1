// What can be wrong with a bundle, as one closed set of codes; each problem says where.

export type ForensicProblemCode =
  /** No JSON, or no bundle. */
  | 'malformed'
  | 'cut_short'
  | 'member_unknown'
  | 'member_missing'
  | 'member_order'
  | 'member_altered'
  | 'bundle_hash_altered'
  | 'canonical_payload_altered'
  | 'key_unknown'
  | 'key_id_altered'
  | 'signature_invalid'
  | 'signature_ed25519_invalid'
  /** An incident that is not the one its hash is of. */
  | 'incident_altered'
  /** An incident that is not the version the ledger's last entry about it names. */
  | 'incident_not_recorded'
  | 'incident_missing'
  | 'entry_altered'
  | 'checkpoint_invalid'
  | 'proofs_invalid'
  /** The entries are not those of the log that the checkpoint signs. */
  | 'entries_not_in_log';

export interface ForensicProblem {
  code: ForensicProblemCode;
  /** A place in the bundle: `incidents[3]`, `ledger.checkpoint`; '' is the whole of it. */
  where: string;
  detail: string;
}

/** Whoever alters everything need not be told of every place. */
const LISTED = 100;

/** Problems in the order in which they were found; past the first hundred they are counted. */
export class ProblemList {
  readonly listed: ForensicProblem[] = [];
  count = 0;

  add(code: ForensicProblemCode, where: string, detail: string): void {
    this.count += 1;
    if (this.listed.length < LISTED) this.listed.push({ code, where, detail });
  }
}
