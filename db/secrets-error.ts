export type SecretsErrorCode =
  'master_key_missing' | 'master_key_mismatch' | 'secret_not_found' | 'secret_not_control' | 'secret_unreadable';

const SENTENCES: Readonly<Record<SecretsErrorCode, string>> = {
  master_key_missing: 'no master key is configured',
  master_key_mismatch: 'the record was wrapped by another master key',
  secret_not_found: 'there is no such secret',
  secret_not_control: 'the slot is leased, not read by workers',
  secret_unreadable: 'the stored envelope does not open',
};

/** A secret that cannot be had. The message names slots and key ids, never a value. */
export class SecretsError extends Error {
  override readonly name = 'SecretsError';
  readonly code: SecretsErrorCode;

  constructor(code: SecretsErrorCode, detail?: string) {
    super(detail === undefined ? SENTENCES[code] : `${SENTENCES[code]}: ${detail}`);
    this.code = code;
  }
}
