import { createPublicKey, type KeyObject } from 'node:crypto';

import { TpmError } from './error.ts';
import { parseStorageKey } from './storage-key.ts';

/**
 * The key that an EK certificate must certify.
 * @param ekPublic TPMT_PUBLIC of an EK.
 * @throws TpmError `invalid_argument` for anything that `makeCredential` would refuse, also a point off the curve.
 */
export function ekPublicKey(ekPublic: Uint8Array): KeyObject {
  const ek = parseStorageKey(ekPublic);
  const text = (bytes: Buffer) => bytes.toString('base64url');
  const jwk =
    ek.type === 'rsa'
      ? { kty: 'RSA', n: text(ek.modulus), e: text(minimal(ek.exponent)) }
      : { kty: 'EC', crv: 'P-256', x: text(ek.x), y: text(ek.y) };
  try {
    return createPublicKey({ key: jwk, format: 'jwk' });
  } catch {
    throw new TpmError('invalid_argument', 'ekPublic is no point of its curve');
  }
}

/** JWK integers have no leading zeros (RFC 7518, section 2). */
function minimal(value: Buffer): Buffer {
  const first = value.findIndex((byte) => byte !== 0);
  return value.subarray(first);
}
