import { createPublicKey, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { Environment } from '../../domain/attestation/appraise.ts';
import type { VerifyP256 } from '../../domain/attestation/key-claims.ts';
import type { VerificationKey } from '../../domain/signing/dsse.ts';

/** What an appraisal needs besides the record: where it runs, and the keys whose signed versions it believes. */
export interface AttestationContext {
  environment: Environment;
  keys: readonly VerificationKey[];
}

/** Signs reference values and baselines; the key never enters the database. */
export interface Signer {
  key_id: string;
  sign: (message: Uint8Array) => Uint8Array;
}

const b64u = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');

/** Keys by their point. Importing one costs half as much as the signature it verifies, and each node shows one. */
const imported = new Map<string, KeyObject>();
const IMPORTED_AT_MOST = 256;

function publicKey(point: Uint8Array): KeyObject {
  const name = b64u(point);
  const known = imported.get(name);
  if (known !== undefined) return known;
  const jwk = { kty: 'EC', crv: 'P-256', x: b64u(point.subarray(1, 33)), y: b64u(point.subarray(33, 65)) };
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  const oldest = imported.size >= IMPORTED_AT_MOST ? imported.keys().next() : undefined;
  if (oldest?.value !== undefined) imported.delete(oldest.value);
  imported.set(name, key);
  return key;
}

/** ECDSA P-256 by OpenSSL, ten times as fast as the portable one. A point off the curve throws, which verifies nothing. */
export const verifyP256Native: VerifyP256 = (point, message, signature) =>
  verify('sha256', message, { key: publicKey(point), dsaEncoding: 'ieee-p1363' }, signature);
