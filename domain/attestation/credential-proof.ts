// Only a TPM that holds both keys can open a credential, and it proves that it did without showing what was inside.
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { concat, fromHex } from './bytes.ts';

/** HMAC-SHA256(secret, challenge_id || ak_name); `ak_name` is hex. Errors: bytes_malformed. */
export function credentialProof(secret: Uint8Array, challenge_id: string, ak_name: string): Uint8Array {
  return hmac(sha256, secret, concat(utf8ToBytes(challenge_id), fromHex(ak_name, 'ak_name')));
}
