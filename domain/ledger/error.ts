// What is wrong with a piece of a log, as one closed set of codes.

export type LedgerErrorCode =
  | 'note_malformed'
  | 'note_unsigned'
  | 'note_forged'
  | 'checkpoint_malformed'
  | 'key_malformed'
  | 'tile_path_malformed'
  | 'bundle_malformed'
  | 'proof_malformed';

export class LedgerError extends Error {
  override readonly name = 'LedgerError';
  readonly code: LedgerErrorCode;

  constructor(code: LedgerErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
