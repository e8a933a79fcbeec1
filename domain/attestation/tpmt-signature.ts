// One signature scheme counts: ECDSA over SHA-256.
import { concat, leftPad } from './bytes.ts';
import { AttestationError } from './error.ts';
import { P256_SIZE, TPM_ALG_ECDSA, TPM_ALG_SHA256 } from './tpm-constants.ts';
import { TpmReader } from './tpm-reader.ts';

/**
 * Parses TPMT_SIGNATURE (TPM 2.0 Library, Part 2) and returns r || s, 64 bytes (IEEE P1363).
 * TPMs differ in whether r and s keep their leading zeros; both forms are read.
 * Errors: truncated, trailing_bytes, size_invalid, algorithm_unsupported.
 */
export function parseSignature(bytes: Uint8Array): Uint8Array {
  const r = new TpmReader(bytes);
  if (r.u16('sigAlg') !== TPM_ALG_ECDSA) throw new AttestationError('algorithm_unsupported', 'sigAlg');
  if (r.u16('hash') !== TPM_ALG_SHA256) throw new AttestationError('algorithm_unsupported', 'hash');
  const signatureR = r.sized(P256_SIZE, 'signatureR');
  const signatureS = r.sized(P256_SIZE, 'signatureS');
  r.end('signature');
  return concat(leftPad(signatureR, P256_SIZE, 'signatureR'), leftPad(signatureS, P256_SIZE, 'signatureS'));
}
