import { p256 } from '@noble/curves/nist.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js';
import type { AppraisalPolicy } from '../../../domain/attestation/appraise.ts';
import type { Evidence } from '../../../domain/attestation/evidence.ts';

export const hash = (bytes: Uint8Array): Uint8Array => sha256(bytes);

const be = (value: number | bigint, size: number): Uint8Array =>
  hexToBytes(
    BigInt(value)
      .toString(16)
      .padStart(size * 2, '0'),
  );
const tpm2b = (bytes: Uint8Array): Uint8Array => concatBytes(be(bytes.length, 2), bytes);

export interface QuoteFields {
  magic: number;
  type: number;
  nonce: string;
  clock: bigint;
  resetCount: number;
  restartCount: number;
  safe: number;
  firmware: bigint;
  bank: number;
  banks: number;
  pcrs: { index: number; digest: string }[];
  pcrDigest?: string;
}

export const PCRS = [0, 7, 23].map((index) => ({ index, digest: bytesToHex(hash(be(index, 1))) }));

export const FIELDS: QuoteFields = {
  magic: 0xff544347,
  type: 0x8018,
  nonce: 'a5'.repeat(32),
  clock: 90_000n,
  resetCount: 7,
  restartCount: 2,
  safe: 1,
  firmware: 0x2019_1023_0016_3636n,
  bank: 0x000b,
  banks: 1,
  pcrs: PCRS,
};

function bitmap(indices: number[]): Uint8Array {
  const out = new Uint8Array(3);
  for (const i of indices) out[i >> 3] = (out[i >> 3] ?? 0) | (1 << (i & 7));
  return out;
}

/** TPMS_ATTEST of a quote, marshalled field by field. */
export function attestBytes(fields: Partial<QuoteFields> = {}): Uint8Array {
  const f = { ...FIELDS, ...fields };
  const digest = f.pcrDigest ?? bytesToHex(hash(concatBytes(...f.pcrs.map((p) => hexToBytes(p.digest)))));
  const selection = concatBytes(be(f.bank, 2), be(3, 1), bitmap(f.pcrs.map((p) => p.index)));
  return concatBytes(
    be(f.magic, 4),
    be(f.type, 2),
    tpm2b(new Uint8Array(34)),
    tpm2b(hexToBytes(f.nonce)),
    be(f.clock, 8),
    be(f.resetCount, 4),
    be(f.restartCount, 4),
    be(f.safe, 1),
    be(f.firmware, 8),
    be(f.banks, 4),
    ...Array.from({ length: f.banks }, () => selection),
    tpm2b(hexToBytes(digest)),
  );
}

const SECRET = hash(new TextEncoder().encode('attestation key of the vectors'));
const N = p256.Point.Fn.ORDER;

/** TPMT_SIGNATURE over `attest`; `highS` mirrors s, as a TPM may well do. */
export function signatureBytes(attest: Uint8Array, { highS = false, secret = SECRET } = {}): Uint8Array {
  const compact = p256.sign(attest, secret, { lowS: true });
  const s = compact.slice(32);
  const mirrored = be(N - BigInt(`0x${bytesToHex(s)}`), 32);
  return concatBytes(be(0x0018, 2), be(0x000b, 2), tpm2b(compact.slice(0, 32)), tpm2b(highS ? mirrored : s));
}

/** TPMT_PUBLIC of the signing key; 0x00050072 is fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, restricted, sign. */
export function publicBytes({
  attributes = 0x00050072,
  nameAlg = 0x000b,
  curve = 3,
  scheme = 0x0018,
} = {}): Uint8Array {
  const point = p256.getPublicKey(SECRET, false);
  return concatBytes(
    be(0x0023, 2),
    be(nameAlg, 2),
    be(attributes, 4),
    tpm2b(new Uint8Array(0)),
    be(0x0010, 2),
    be(scheme, 2),
    be(0x000b, 2),
    be(curve, 2),
    be(0x0010, 2),
    tpm2b(point.slice(1, 33)),
    tpm2b(point.slice(33)),
  );
}

export const wrapped = (tpmt: Uint8Array): Uint8Array => tpm2b(tpmt);

export const nameHex = (tpmt: Uint8Array): string => `000b${bytesToHex(hash(tpmt))}`;

export function evidenceOf(fields: Partial<QuoteFields> = {}): Evidence {
  const attest = attestBytes(fields);
  const pcrs = fields.pcrs ?? FIELDS.pcrs;
  return { node: 'node-a', attest: bytesToHex(attest), signature: bytesToHex(signatureBytes(attest)), pcrs };
}

export function policyOf(changes: Partial<AppraisalPolicy> = {}): AppraisalPolicy {
  const tpmt = publicBytes();
  return {
    nonce: FIELDS.nonce,
    node: {
      node: 'node-a',
      state: 'enrolled',
      ak_public: bytesToHex(tpmt),
      ak_name: nameHex(tpmt),
      ek_trust: 'simulated',
      counters: { clock: '80000', reset_count: 7, restart_count: 2, safe: true },
    },
    reference: {
      node: 'node-a',
      version: 4,
      pcrs: Object.fromEntries(PCRS.map((p) => [String(p.index), [p.digest]])),
      firmware_versions: [FIELDS.firmware.toString()],
    },
    environment: 'embedded',
    sha256: hash,
    ...changes,
  };
}
