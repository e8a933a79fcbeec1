import fc from 'fast-check';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { describe, expect, it } from 'vitest';
import { AttestationError } from '../../../domain/attestation/error.ts';
import { parseQuote } from '../../../domain/attestation/tpms-attest.ts';
import { parseSignature } from '../../../domain/attestation/tpmt-signature.ts';
import {
  attributeFaults,
  nameOf,
  parseAttestationKey,
  requireAttestationKey,
} from '../../../domain/attestation/tpmt-public.ts';
import { attestBytes, hash, nameHex, publicBytes, signatureBytes, wrapped } from './builders.ts';
import vector from './vectors/swtpm-quote.json' with { type: 'json' };

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(AttestationError);
    return (error as AttestationError).code;
  }
  return 'accepted';
};

const parsers = { attest: parseQuote, signature: parseSignature, public: parseAttestationKey };
const samples = { attest: attestBytes(), signature: signatureBytes(attestBytes()), public: publicBytes() };

describe('a quote of a real TPM', () => {
  it('is read field by field', () => {
    expect(parseQuote(hexToBytes(vector.attest))).toStrictEqual({
      qualified_signer: '000b96a3bd8734475a09f4e3e84c4c4bb3fe84916adcb70549e5226adeabe7fdc7bf',
      nonce: vector.nonce,
      counters: { clock: '885', reset_count: 2, restart_count: 0, safe: true },
      firmware_version: vector.expected.firmware_version,
      pcr_bank: 'sha256',
      pcr_selection: [0, 1, 2, 3, 4, 5, 6, 7, 23],
      pcr_digest: '7c1d2b986f6a67e401c3fb4d5ef410ee3029fe11693baff8e846b67b75300548',
    });
  });

  it('comes with a key whose Name is computed as the TPM computes it', () => {
    const key = requireAttestationKey(hexToBytes(vector.ak_public));
    expect(nameOf(key, hash)).toBe(vector.ak_name);
  });

  it('has a signature of 64 bytes', () => {
    expect(bytesToHex(parseSignature(hexToBytes(vector.signature)))).toBe(
      vector.signature.slice(12, 76) + vector.signature.slice(80),
    );
  });
});

describe('the parsers', () => {
  it.each(['attest', 'signature', 'public'] as const)('refuse every truncation and any trailing byte of %s', (kind) => {
    const whole = samples[kind];
    for (let length = 0; length < whole.length; length += 1) {
      expect(codeOf(() => parsers[kind](whole.slice(0, length)))).not.toBe('accepted');
    }
    expect(codeOf(() => parsers[kind](Uint8Array.of(...whole, 0)))).toBe('trailing_bytes');
  });

  it.each(['attest', 'signature', 'public'] as const)(
    'throw nothing but AttestationError on random %s bytes',
    (kind) => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
          expect(codeOf(() => parsers[kind](bytes))).toBeTypeOf('string');
        }),
      );
    },
  );

  it.each(['attest', 'signature', 'public'] as const)(
    'throw nothing but AttestationError on mutated %s bytes',
    (kind) => {
      const whole = samples[kind];
      const edits = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 });
      fc.assert(
        fc.property(edits, (list) => {
          const bytes = whole.slice();
          for (const [at, value] of list) bytes[at] = value;
          expect(codeOf(() => parsers[kind](bytes))).toBeTypeOf('string');
        }),
      );
    },
  );

  it.each([
    ['magic_invalid', { magic: 0xff544348 }],
    ['type_unsupported', { type: 0x8017 }],
    ['algorithm_unsupported', { bank: 0x0004 }],
    ['value_invalid', { banks: 2 }],
    ['value_invalid', { banks: 0 }],
    ['value_invalid', { safe: 2 }],
    ['size_invalid', { pcrDigest: 'ab'.repeat(20) }],
    ['size_invalid', { nonce: 'ab'.repeat(65) }],
  ] as const)('refuse an attest with %s: %o', (code, fields) => {
    expect(codeOf(() => parseQuote(attestBytes(fields)))).toBe(code);
  });

  it('read 64-bit values without loss', () => {
    const quote = parseQuote(attestBytes({ clock: 2n ** 64n - 1n, firmware: 2n ** 53n + 1n }));
    expect(quote.counters.clock).toBe('18446744073709551615');
    expect(quote.firmware_version).toBe('9007199254740993');
  });

  it('read r and s with their leading zeros left out', () => {
    const bytes = Uint8Array.of(0x00, 0x18, 0x00, 0x0b, 0, 1, 5, 0, 2, 1, 2);
    const expected = new Uint8Array(64);
    expected.set([5], 31);
    expected.set([1, 2], 62);
    expect(parseSignature(bytes)).toStrictEqual(expected);
    expect(codeOf(() => parseSignature(Uint8Array.of(0x00, 0x18, 0x00, 0x0b, 0, 0, 0, 1, 2)))).toBe('size_invalid');
  });

  it.each([
    ['RSASSA', [0x00, 0x14, 0x00, 0x0b]],
    ['SHA-1', [0x00, 0x18, 0x00, 0x04]],
  ])('refuse a signature with %s', (_name, head) => {
    const bytes = samples.signature.slice();
    bytes.set(head);
    expect(codeOf(() => parseSignature(bytes))).toBe('algorithm_unsupported');
  });
});

describe('an attestation key', () => {
  it('is read from TPMT_PUBLIC and TPM2B_PUBLIC alike', () => {
    const bare = parseAttestationKey(publicBytes());
    expect(parseAttestationKey(wrapped(publicBytes()))).toStrictEqual(bare);
    expect(nameOf(bare, hash)).toBe(nameHex(publicBytes()));
  });

  it.each([
    ['restricted', 0x00040072],
    ['sign', 0x00010072],
    ['fixedTPM', 0x00050070],
    ['fixedParent', 0x00050062],
    ['sensitiveDataOrigin', 0x00050052],
    ['decrypt', 0x00070072],
  ])('is refused for its attribute %s', (name, attributes) => {
    expect(attributeFaults(attributes)).toStrictEqual([name]);
    expect(codeOf(() => requireAttestationKey(publicBytes({ attributes })))).toBe('attributes_invalid');
  });

  it.each([{ nameAlg: 0x000c }, { curve: 4 }, { scheme: 0x001a }])('is refused for %o', (fields) => {
    expect(codeOf(() => parseAttestationKey(publicBytes(fields)))).toBe('algorithm_unsupported');
  });
});
