// Bytes have one spelling, lowercase hexadecimal: two spellings of one value would not compare equal.
import { concatBytes, hexToBytes } from '@noble/hashes/utils.js';
import { AttestationError } from './error.ts';

const HEX = /^(?:[0-9a-f]{2})+$/;

/** Bytes of a lowercase hex string. Errors: bytes_malformed. */
export function fromHex(hex: string, field: string): Uint8Array {
  if (!HEX.test(hex)) throw new AttestationError('bytes_malformed', field);
  return hexToBytes(hex);
}

export const concat = (...parts: Uint8Array[]): Uint8Array => concatBytes(...parts);

/** `bytes` as an unsigned big-endian number in exactly `length` bytes. Errors: size_invalid. */
export function leftPad(bytes: Uint8Array, length: number, field: string): Uint8Array {
  if (bytes.length === 0 || bytes.length > length) throw new AttestationError('size_invalid', field);
  const out = new Uint8Array(length);
  out.set(bytes, length - bytes.length);
  return out;
}
