// An attestation key is a restricted signing key born in its TPM: anything less could sign a quote of its own making.
import { toHex } from '../canonical/hash.ts';
import type { Sha256 } from '../canonical/hash.ts';
import { concat, leftPad } from './bytes.ts';
import { AttestationError } from './error.ts';
import {
  P256_SIZE,
  SHA256_SIZE,
  TPM_ALG_ECC,
  TPM_ALG_ECDSA,
  TPM_ALG_NULL,
  TPM_ALG_SHA256,
  TPM_ECC_NIST_P256,
  TPMA_OBJECT,
} from './tpm-constants.ts';
import { TpmReader } from './tpm-reader.ts';

/** `tpmt` is the marshalled TPMT_PUBLIC, what the Name is computed over; `point` is 0x04 || x || y. */
export interface AttestationKey {
  tpmt: Uint8Array;
  attributes: number;
  point: Uint8Array;
}

const expectAlg = (actual: number, expected: number, field: string): void => {
  if (actual !== expected) throw new AttestationError('algorithm_unsupported', field);
};

/** The TPMT_PUBLIC inside a TPM2B_PUBLIC; a TPMT_PUBLIC is returned as it is. */
function unwrap(bytes: Uint8Array): Uint8Array {
  const r = new TpmReader(bytes);
  // A TPM2B_PUBLIC of a P-256 key is longer than 0x0023 bytes, so its size is never taken for the type ECC.
  if (r.u16('type') === TPM_ALG_ECC) return bytes;
  const sized = new TpmReader(bytes);
  const tpmt = sized.sized(bytes.length, 'publicArea');
  sized.end('publicArea');
  return tpmt;
}

/**
 * Parses the public area of an ECC P-256 signing key, TPMT_PUBLIC or TPM2B_PUBLIC (TPM 2.0 Library, Part 2).
 * Errors: truncated, trailing_bytes, size_invalid, algorithm_unsupported.
 */
export function parseAttestationKey(bytes: Uint8Array): AttestationKey {
  const tpmt = unwrap(bytes);
  const r = new TpmReader(tpmt);
  expectAlg(r.u16('type'), TPM_ALG_ECC, 'type');
  expectAlg(r.u16('nameAlg'), TPM_ALG_SHA256, 'nameAlg');
  const attributes = r.u32('objectAttributes');
  r.sized(SHA256_SIZE, 'authPolicy');
  expectAlg(r.u16('symmetric'), TPM_ALG_NULL, 'symmetric');
  expectAlg(r.u16('scheme'), TPM_ALG_ECDSA, 'scheme');
  expectAlg(r.u16('scheme.hash'), TPM_ALG_SHA256, 'scheme.hash');
  expectAlg(r.u16('curveID'), TPM_ECC_NIST_P256, 'curveID');
  expectAlg(r.u16('kdf'), TPM_ALG_NULL, 'kdf');
  const x = leftPad(r.sized(P256_SIZE, 'unique.x'), P256_SIZE, 'unique.x');
  const y = leftPad(r.sized(P256_SIZE, 'unique.y'), P256_SIZE, 'unique.y');
  r.end('publicArea');
  return { tpmt, attributes, point: concat(Uint8Array.of(0x04), x, y) };
}

/** Names of the attributes that keep a key from being an attestation key; `[]` means it is one. */
export function attributeFaults(attributes: number): string[] {
  const required = ['fixedTPM', 'fixedParent', 'sensitiveDataOrigin', 'restricted', 'sign'] as const;
  const missing = required.filter((name) => (attributes & TPMA_OBJECT[name]) === 0);
  return (attributes & TPMA_OBJECT.decrypt) === 0 ? missing : [...missing, 'decrypt'];
}

/** The Name of an object: nameAlg || SHA-256(TPMT_PUBLIC), hex (TPM 2.0 Library, Part 1, "Names"). */
export function nameOf(key: AttestationKey, sha256: Sha256): string {
  return toHex(concat(Uint8Array.of(TPM_ALG_SHA256 >> 8, TPM_ALG_SHA256 & 0xff), sha256(key.tpmt)));
}

/** An AK public area with its attributes required. Errors: attributes_invalid and those of the parser. */
export function requireAttestationKey(bytes: Uint8Array): AttestationKey {
  const key = parseAttestationKey(bytes);
  const faults = attributeFaults(key.attributes);
  if (faults.length > 0) throw new AttestationError('attributes_invalid', faults.join(','));
  return key;
}
