// What is wrong with a piece of a log, as one closed set of codes.

export type LedgerErrorCode =
  | 'note_malformed'
  | 'note_unsigned'
  | 'note_forged'
  | 'checkpoint_malformed'
  | 'origin_mismatch'
  | 'key_malformed'
  | 'tile_path_malformed'
  | 'tile_malformed'
  | 'bundle_malformed'
  | 'leaf_malformed'
  | 'proof_malformed'
  | 'records_malformed';

/** The only error of this folder. Names the place, never what stands there. */
export class LedgerError extends Error {
  override readonly name = 'LedgerError';
  readonly code: LedgerErrorCode;

  constructor(code: LedgerErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
