import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { verifyP256Native } from '../../../db/attestation/context.ts';
import { verifyP256 } from '../../../domain/attestation/key-claims.ts';
import type { VerifyP256 } from '../../../domain/attestation/key-claims.ts';

const message = Buffer.from('a quote');

function keyPair(): { point: Uint8Array; signature: Uint8Array } {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x = '', y = '' } = privateKey.export({ format: 'jwk' });
  const point = Buffer.concat([Buffer.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
  return { point, signature: sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' }) };
}

/** One that throws has verified nothing. */
const attempted =
  (verify: VerifyP256): VerifyP256 =>
  (...given) => {
    try {
      return verify(...given);
    } catch {
      return false;
    }
  };

describe('ECDSA P-256 by OpenSSL', () => {
  it('knows each key by its own point, more of them than it keeps, and again later', () => {
    const pairs = Array.from({ length: 300 }, keyPair);
    for (const round of [1, 2]) {
      pairs.forEach(({ point, signature }, i) => {
        const other = pairs[(i + round) % pairs.length]!;
        expect(verifyP256Native(point, message, signature)).toBe(true);
        expect(verifyP256Native(point, message, other.signature)).toBe(false);
      });
    }
  });

  it('agrees with the portable one on what it refuses', () => {
    const { point, signature } = keyPair();
    const offCurve = Uint8Array.from(point, (byte, i) => (i === 64 ? byte ^ 1 : byte));
    for (const verify of [verifyP256Native, verifyP256]) {
      const verifies = attempted(verify);
      expect(verifies(point, message, signature)).toBe(true);
      expect(verifies(point, Buffer.from('another'), signature)).toBe(false);
      for (let attempt = 0; attempt < 2; attempt++) expect(verifies(offCurve, message, signature)).toBe(false);
    }
  });
});
