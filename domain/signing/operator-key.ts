// A person's key is an Ed25519 key named by its own digest; it speaks for them only while nobody has revoked it.
import { concatBytes, hexToBytes } from '@noble/hashes/utils.js';
import { toHex } from '../canonical/hash.ts';
import type { Sha256 } from '../canonical/hash.ts';
import type { Role } from '../identity/roles.ts';

/** Bytes of a raw Ed25519 public key. */
export const PUBLIC_KEY_BYTES = 32;

/** RFC 8410, section 4: what stands before the 32 bytes of the key in its SubjectPublicKeyInfo. */
const SPKI_PREFIX = hexToBytes('302a300506032b6570032100');

export const OPERATOR_KEY_ID = /^sha256:[0-9a-f]{32}$/;

/** `sha256:` and the first 32 hex digits of the digest of the key's SubjectPublicKeyInfo. */
export const operatorKeyId = (publicKey: Uint8Array, sha256: Sha256): string =>
  `sha256:${toHex(sha256(concatBytes(SPKI_PREFIX, publicKey))).slice(0, 32)}`;

/** What a registered key is worth; times are RFC 3339, null: never. */
export interface KeyStanding {
  roles: readonly Role[];
  not_after: string | null;
  revoked_at: string | null;
}

/** Why a registered key proves nothing at `now`, or null. */
export function keyRefusal({ not_after, revoked_at }: KeyStanding, now: string): 'key_revoked' | 'key_expired' | null {
  if (revoked_at !== null) return 'key_revoked';
  return not_after !== null && Date.parse(not_after) <= Date.parse(now) ? 'key_expired' : null;
}
