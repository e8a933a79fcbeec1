import { ed25519 } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromBase64, toBase64 } from '../../../domain/signing/base64.ts';
import { DsseError, envelopeOf, preAuthenticationEncoding, verifyEnvelope } from '../../../domain/signing/dsse.ts';
import type { DsseEnvelope } from '../../../domain/signing/dsse.ts';

const TYPE = 'application/vnd.example+json';
const payload = new TextEncoder().encode('{"a":1}');
const pair = (seed: number) => ed25519.keygen(new Uint8Array(32).fill(seed));
const [first, second] = [pair(1), pair(2)];
const keys = [
  { key_id: 'k1', public_key: first.publicKey },
  { key_id: 'k2', public_key: second.publicKey },
];
const sign = (key_id: string, secret: Uint8Array, type = TYPE, body = payload) => ({
  key_id,
  signature: ed25519.sign(preAuthenticationEncoding(type, body), secret),
});
const envelope = envelopeOf(TYPE, payload, [sign('k1', first.secretKey)]);
const codeOf = (e: unknown, known = keys, type = TYPE): string => {
  try {
    verifyEnvelope(e, known, type);
  } catch (error) {
    expect(error).toBeInstanceOf(DsseError);
    return (error as DsseError).code;
  }
  return 'accepted';
};

describe('base64', () => {
  it('agrees with another implementation and has one spelling', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const text = toBase64(bytes);
        expect(text).toBe(Buffer.from(bytes).toString('base64'));
        expect(fromBase64(text)).toStrictEqual(Uint8Array.from(bytes));
      }),
    );
    for (const text of ['A', 'AA', 'AA=', 'AB==', 'AAB=', 'AA==AA==', 'A-A=', 'AAAA\n', '====']) {
      expect(fromBase64(text)).toBeNull();
    }
  });
});

describe('a signed envelope', () => {
  it('is signed over the encoding of the protocol', () => {
    const encoded = preAuthenticationEncoding('http://example.com/HelloWorld', new TextEncoder().encode('hello world'));
    expect(new TextDecoder().decode(encoded)).toBe('DSSEv1 29 http://example.com/HelloWorld 11 hello world');
    const wide = new TextDecoder().decode(preAuthenticationEncoding('é', new TextEncoder().encode('ü')));
    expect(wide).toBe('DSSEv1 2 é 2 ü');
  });

  it('yields its payload and who signed it', () => {
    expect(verifyEnvelope(envelope, keys, TYPE)).toStrictEqual({ payload, key_ids: ['k1'] });
    const both = envelopeOf(TYPE, payload, [sign('k1', first.secretKey), sign('k2', second.secretKey)]);
    expect(verifyEnvelope(JSON.parse(JSON.stringify(both)), keys, TYPE).key_ids).toStrictEqual(['k1', 'k2']);
  });

  it('counts no key that is not known', () => {
    const both = envelopeOf(TYPE, payload, [sign('k1', first.secretKey), sign('k2', second.secretKey)]);
    expect(verifyEnvelope(both, keys.slice(0, 1), TYPE).key_ids).toStrictEqual(['k1']);
    expect(codeOf(envelope, [])).toBe('key_unknown');
    expect(codeOf(envelope, keys.slice(1))).toBe('key_unknown');
  });

  it('is refused for another type, whether relabelled or expected', () => {
    expect(codeOf(envelope, keys, 'application/other')).toBe('payload_type_mismatch');
    expect(codeOf({ ...envelope, payloadType: 'application/other' }, keys, 'application/other')).toBe(
      'signature_invalid',
    );
  });

  it('is refused for a bad signature of a known key, even beside a good one', () => {
    const swapped = envelopeOf(TYPE, payload, [sign('k1', first.secretKey), sign('k2', first.secretKey)]);
    expect(codeOf(swapped)).toBe('signature_invalid');
    expect(codeOf({ ...envelope, signatures: [{ keyid: 'k1', sig: 'AAAA' }] })).toBe('signature_invalid');
    expect(codeOf(envelope, [{ key_id: 'k1', public_key: new Uint8Array(31) }])).toBe('signature_invalid');
  });

  it('is refused when one key signs twice', () => {
    const twice = envelopeOf(TYPE, payload, [sign('k1', first.secretKey), sign('k1', first.secretKey)]);
    expect(codeOf(twice)).toBe('duplicate_key');
  });

  it('is refused when malformed', () => {
    for (const bad of [
      null,
      {},
      { ...envelope, extra: 1 },
      { ...envelope, signatures: [] },
      { ...envelope, payload: '*' },
    ]) {
      expect(codeOf(bad)).toBe('envelope_malformed');
    }
  });

  it('is refused after any flipped bit of payload or signature', () => {
    const flip = (text: string, bit: number): string => {
      const bytes = fromBase64(text)!;
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      return toBase64(bytes);
    };
    const edited: DsseEnvelope[] = [
      ...Array.from({ length: payload.length * 8 }, (_, bit) => ({
        ...envelope,
        payload: flip(envelope.payload, bit),
      })),
      ...Array.from({ length: 512 }, (_, bit) => ({
        ...envelope,
        signatures: envelope.signatures.map((s) => ({ ...s, sig: flip(s.sig, bit) })),
      })),
    ];
    for (const e of edited) expect(codeOf(e)).toBe('signature_invalid');
  });
});
