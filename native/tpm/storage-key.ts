import { TpmError } from './error.ts';

/** What is needed of an EK to encrypt to it. Coordinates are padded to 32 bytes. */
export type StorageKey =
  | { type: 'rsa'; aesBits: 128 | 256; modulus: Buffer; exponent: Buffer }
  | { type: 'ecc'; aesBits: 128 | 256; x: Buffer; y: Buffer };

const algorithm = { rsa: 0x0001, aes: 0x0006, sha256: 0x000b, null: 0x0010, ecc: 0x0023, cfb: 0x0043 } as const;
const curveP256 = 0x0003;
const defaultExponent = 65537;
const coordinateSize = 32;
const restrictedDecrypt = 0x00030000;

/**
 * Reads the TPMT_PUBLIC of a restricted decryption key (TPM 2.0 Library, Part 2, section 12.2.4).
 * @throws TpmError `invalid_argument` for anything but SHA-256 name, AES-CFB, RSA or ECC P-256.
 */
export function parseStorageKey(publicArea: Uint8Array): StorageKey {
  const bytes = Buffer.from(publicArea);
  let offset = 0;
  const take = (size: number): Buffer => {
    if (offset + size > bytes.length) refuse('is cut short');
    offset += size;
    return bytes.subarray(offset - size, offset);
  };
  const half = () => take(2).readUInt16BE();
  const expect = (actual: number, wanted: number, what: string) => {
    if (actual !== wanted) refuse(`has an unsupported ${what}`);
  };

  const type = half();
  expect(half(), algorithm.sha256, 'name algorithm');
  const attributes = take(4).readUInt32BE();
  if ((attributes & restrictedDecrypt) !== restrictedDecrypt) refuse('is no restricted decryption key');
  take(half());
  expect(half(), algorithm.aes, 'symmetric algorithm');
  const aesBits = aesKeySize(half());
  expect(half(), algorithm.cfb, 'symmetric mode');
  expect(half(), algorithm.null, 'scheme');

  const key = type === algorithm.rsa ? rsa() : type === algorithm.ecc ? ecc() : refuse('is neither RSA nor ECC');
  if (offset !== bytes.length) refuse('is followed by other bytes');
  return key;

  function rsa(): StorageKey {
    const bits = half();
    const exponent = Buffer.alloc(4);
    exponent.writeUInt32BE(take(4).readUInt32BE() || defaultExponent);
    const modulus = take(half());
    if (modulus.length * 8 !== bits || bits < 2048) refuse('has an unsupported RSA key size');
    return { type: 'rsa', aesBits, modulus, exponent };
  }

  function ecc(): StorageKey {
    expect(half(), curveP256, 'curve');
    expect(half(), algorithm.null, 'key derivation scheme');
    return { type: 'ecc', aesBits, x: coordinate(take(half())), y: coordinate(take(half())) };
  }
}

function aesKeySize(bits: number): 128 | 256 {
  return bits === 128 || bits === 256 ? bits : refuse('has an unsupported symmetric key size');
}

function coordinate(value: Buffer): Buffer {
  if (value.length > coordinateSize) refuse('has an oversized coordinate');
  return Buffer.concat([Buffer.alloc(coordinateSize - value.length), value]);
}

/** A TPM2B: the size in two bytes, then the bytes. */
export function sized(value: Uint8Array): Buffer {
  const size = Buffer.alloc(2);
  size.writeUInt16BE(value.length);
  return Buffer.concat([size, value]);
}

function refuse(reason: string): never {
  throw new TpmError('invalid_argument', `ekPublic ${reason}`);
}
