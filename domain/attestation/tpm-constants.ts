// The algorithms and structure tags the verifier knows; every other value is refused.
// Values: TPM 2.0 Library, Part 2 (TPM_GENERATED, TPM_ST, TPM_ALG_ID, TPM_ECC_CURVE, TPMA_OBJECT).

export const TPM_GENERATED_VALUE = 0xff544347;
export const TPM_ST_ATTEST_NV = 0x8014;
export const TPM_ST_ATTEST_QUOTE = 0x8018;

export const TPM_ALG_SHA256 = 0x000b;
export const TPM_ALG_NULL = 0x0010;
export const TPM_ALG_ECDSA = 0x0018;
export const TPM_ALG_ECC = 0x0023;
export const TPM_ECC_NIST_P256 = 0x0003;

export const SHA256_SIZE = 32;
export const P256_SIZE = 32;
/** nameAlg (UINT16) and a SHA-256 digest. */
export const NAME_SIZE = 2 + SHA256_SIZE;
/** The largest digest of the specification, SHA-512: the bound of qualifying data. */
export const MAX_DIGEST_SIZE = 64;

export const TPMA_OBJECT = {
  fixedTPM: 1 << 1,
  fixedParent: 1 << 4,
  sensitiveDataOrigin: 1 << 5,
  restricted: 1 << 16,
  decrypt: 1 << 17,
  sign: 1 << 18,
} as const;
