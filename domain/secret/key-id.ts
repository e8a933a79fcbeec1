// A key is named by a digest that tells keys apart and says nothing else of them; each use of keys has digests of its own.
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';

export type KeyUse = 'master' | 'data' | 'payload';

export const KEY_BYTES = 32;

/** The first 16 hex digits of SHA-256 over `interlock/<use>-key/v1`, a zero byte and the key. */
export const keyId = (use: KeyUse, key: Uint8Array): string =>
  bytesToHex(sha256(concatBytes(utf8ToBytes(`interlock/${use}-key/v1\u0000`), key))).slice(0, 16);
