// A digest stands for a value only through its canonical text; digests are written in lowercase hexadecimal.
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { CanonicalError } from './error.ts';
import { canonicalJson } from './json.ts';

/** SHA-256 of `bytes`, 32 bytes: the caller's, because native is several times faster than the portable one. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array;

const HEX = /^(?:[0-9a-f]{2})*$/;
const SHA256_HEX = /^[0-9a-f]{64}$/;
const utf8 = new TextEncoder();

/** Lowercase hex SHA-256 of the UTF-8 bytes of the RFC 8785 text. Errors: those of `canonicalJson`. */
export function hashCanonical(value: unknown, sha256: Sha256): string {
  return toHex(sha256(utf8.encode(canonicalJson(value))));
}

export const toHex = (bytes: Uint8Array): string => bytesToHex(bytes);

/** Bytes of a lowercase hex string; upper case is refused, one value has one spelling. Errors: hex_malformed. */
export function fromHex(hex: string): Uint8Array {
  if (!HEX.test(hex)) throw new CanonicalError('hex_malformed');
  return hexToBytes(hex);
}

export const isSha256Hex = (text: string): boolean => SHA256_HEX.test(text);
