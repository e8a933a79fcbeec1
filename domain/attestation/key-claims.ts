// A quote counts when the key enrolled for its node, an attestation key, has signed it.
import { p256 } from '@noble/curves/nist.js';
import type { Sha256 } from '../canonical/hash.ts';
import { fromHex } from './bytes.ts';
import { claim } from './claim.ts';
import type { Claim } from './claim.ts';
import { AttestationError } from './error.ts';
import type { Evidence } from './evidence.ts';
import { attributeFaults, nameOf, parseAttestationKey } from './tpmt-public.ts';
import type { AttestationKey } from './tpmt-public.ts';
import { parseSignature } from './tpmt-signature.ts';

/** ECDSA P-256 over SHA-256 of `message`; `point` is 0x04 || x || y, `signature` r || s. */
export type VerifyP256 = (point: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;

/** TPMs do not normalise s, so its high values are accepted. */
export const verifyP256: VerifyP256 = (point, message, signature) =>
  p256.verify(signature, message, point, { lowS: false });

/** What the record says of a node's key; `ak_public` is TPMT_PUBLIC or TPM2B_PUBLIC, `ak_name` its Name, both hex. */
export interface EnrolledKey {
  node: string;
  state: 'enrolled' | 'retired';
  ak_public: string;
  ak_name: string;
}

/** A verifier that throws, as on a point off the curve, has verified nothing. */
const codeOf = (error: unknown): string => (error instanceof AttestationError ? error.code : 'not verifiable');

function readKey(akPublic: string): AttestationKey | string {
  try {
    return parseAttestationKey(fromHex(akPublic, 'ak_public'));
  } catch (error) {
    return codeOf(error);
  }
}

function signatureClaim(key: AttestationKey, evidence: Evidence, verify: VerifyP256): Claim {
  try {
    const signature = parseSignature(fromHex(evidence.signature, 'signature'));
    const ok = verify(key.point, fromHex(evidence.attest, 'attest'), signature);
    return claim('signature', ok, 'signature of the enrolled key', 'another signature');
  } catch (error) {
    return claim('signature', false, 'TPMT_SIGNATURE, ECDSA SHA-256', codeOf(error));
  }
}

/** The claims ak_enrolled, ak_attributes and signature. */
export function keyClaims(record: EnrolledKey, evidence: Evidence, sha256: Sha256, verify: VerifyP256): Claim[] {
  const key = readKey(record.ak_public);
  if (typeof key === 'string') {
    return [
      claim('ak_enrolled', false, record.ak_name, key),
      claim('ak_attributes', false, 'an attestation key', key),
      claim('signature', false, 'signature of the enrolled key', key),
    ];
  }
  const name = nameOf(key, sha256);
  const named = evidence.ak_name ?? name;
  const sameKey = name === record.ak_name && named === record.ak_name;
  const ok = record.node === evidence.node && record.state === 'enrolled' && sameKey;
  const faults = attributeFaults(key.attributes);
  return [
    claim('ak_enrolled', ok, `${record.node} ${record.ak_name} enrolled`, `${evidence.node} ${named} ${record.state}`),
    claim('ak_attributes', faults.length === 0, 'restricted signing key of its TPM', faults.join(',')),
    signatureClaim(key, evidence, verify),
  ];
}
