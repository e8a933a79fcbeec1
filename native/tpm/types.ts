/** PCR banks by their TPM_ALG_ID (TPM 2.0 Library, Part 2, section 6.3), with the size of their digests in bytes. */
export const pcrBanks = {
  sha1: { algorithm: 0x0004, size: 20 },
  sha256: { algorithm: 0x000b, size: 32 },
  sha384: { algorithm: 0x000c, size: 48 },
  sha512: { algorithm: 0x000d, size: 64 },
} as const;

export type PcrBank = keyof typeof pcrBanks;

export const ekTypes = ['ecc_p256', 'rsa_2048'] as const;

/** `ecc_p256` is template L-2, `rsa_2048` template L-1 of the TCG EK Credential Profile. */
export type EkType = (typeof ekTypes)[number];

export interface TpmProperties {
  /** `2.0` */
  family: string;
  specLevel: number;
  /** Times 100: 164 is revision 1.64. */
  specRevision: number;
  manufacturer: string;
  vendorString: string;
  firmwareVersion1: number;
  firmwareVersion2: number;
}

/** TPMS_CLOCK_INFO; `clock` in milliseconds, not to be trusted to advance while `safe` is false. */
export interface TpmClock {
  clock: number;
  resetCount: number;
  restartCount: number;
  safe: boolean;
}

export interface TpmHandles {
  transient: number[];
  loadedSessions: number[];
  persistent: number[];
}

export interface PcrSelection {
  bank: PcrBank;
  /** 0 to 23, each once. */
  indices: readonly number[];
}

export interface PcrValue {
  index: number;
  digest: Buffer;
}

/** `values` ascend by index, whatever the order of the request: so they are hashed into a quote. */
export interface PcrValues {
  updateCounter: number;
  values: PcrValue[];
}

/** A persistent key: `public` is a TPMT_PUBLIC, `name` its nameAlg and digest. */
export interface TpmKey {
  handle: number;
  public: Buffer;
  name: Buffer;
}

export interface EndorsementKey extends TpmKey {
  type: EkType;
}

/** What the verifier makes and only the TPM that holds EK and AK can open. */
export interface Credential {
  /** TPM2B_ID_OBJECT */
  credentialBlob: Uint8Array;
  /** TPM2B_ENCRYPTED_SECRET */
  encryptedSecret: Uint8Array;
}

export interface SignedAttest {
  /** TPMS_ATTEST: the bytes that are signed. */
  attest: Buffer;
  /** TPMT_SIGNATURE */
  signature: Buffer;
}

export interface Quote extends SignedAttest {
  /** The values whose digest is quoted, ascending by index. */
  pcrs: PcrValue[];
}
