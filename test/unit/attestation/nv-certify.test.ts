import fc from 'fast-check';
import { sha256 } from '@noble/hashes/sha2.js';
import { hexToBytes } from '@noble/hashes/utils.js';
import { describe, expect, it } from 'vitest';
import { anchorCounterClaims } from '../../../domain/attestation/anchor-quote.ts';
import { AttestationError } from '../../../domain/attestation/error.ts';
import { anchorCounterName, parseCertifiedCounter } from '../../../domain/attestation/nv-certify.ts';
import vector from './vectors/swtpm-nv-certify.json' with { type: 'json' };
import quote from './vectors/swtpm-quote.json' with { type: 'json' };

const node = { node: 'local', state: 'enrolled', ak_public: vector.ak_public, ak_name: vector.ak_name } as const;
const expected = { node, digest: vector.nonce, counter: vector.counter };
const certified = { node: 'local', attest: vector.attest, signature: vector.signature };

const failed = (said: typeof certified, wanted = expected): string[] =>
  anchorCounterClaims(said, wanted, sha256).flatMap(({ claim, ok }) => (ok ? [] : [claim]));
const flipped = (hex: string, bit: number): string => {
  const bytes = Buffer.from(hex, 'hex');
  bytes[bit >> 3]! ^= 0x80 >> (bit & 7);
  return bytes.toString('hex');
};

describe('what a real TPM says of its counter', () => {
  it('is read field by field, and the index has the Name that tpm2-tools print', () => {
    const { value, index_name, nonce } = parseCertifiedCounter(hexToBytes(vector.attest));
    expect({ value, index_name, nonce }).toEqual({
      value: vector.counter,
      index_name: vector.index_name,
      nonce: vector.nonce,
    });
    expect(anchorCounterName(sha256)).toBe(vector.index_name);
    expect(failed(certified)).toEqual([]);
  });

  it('holds for no other value, checkpoint, node or key', () => {
    expect(failed(certified, { ...expected, counter: String(Number(vector.counter) + 1) })).toEqual(['counter_value']);
    expect(failed(certified, { ...expected, digest: '00'.repeat(32) })).toEqual(['nonce']);
    expect(failed({ ...certified, node: 'other' })).toEqual(['ak_enrolled']);
    expect(failed(certified, { ...expected, node: { ...node, ak_name: `000b${'00'.repeat(32)}` } })).toEqual([
      'ak_enrolled',
    ]);
    expect(failed({ ...certified, attest: quote.attest, signature: quote.signature })).toEqual(['evidence_parses']);
  });

  it('is refused with any of its bits flipped', () => {
    for (const field of ['attest', 'signature'] as const)
      for (let bit = 0; bit < certified[field].length * 4; bit += 1)
        expect(failed({ ...certified, [field]: flipped(certified[field], bit) }), `${field} ${bit}`).not.toEqual([]);
  });

  it('is bytes of any kind, of which none but these are taken', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 160 }), (bytes) => {
        expect(() => parseCertifiedCounter(bytes)).toThrow(AttestationError);
      }),
    );
    const cut = hexToBytes(vector.attest);
    for (let n = 0; n < cut.length; n += 1)
      expect(() => parseCertifiedCounter(cut.subarray(0, n))).toThrow(AttestationError);
    expect(() => parseCertifiedCounter(Uint8Array.of(...cut, 0))).toThrow(AttestationError);
  });
});
