// Bundles have a key of their own: whoever verifies by it could have signed, so it is no token and no key of the log.
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { toHex } from '../canonical/hash.ts';

/** How many bytes a forensic key has. They are the bytes of its file, all of them. */
export const FORENSIC_KEY_BYTES = { least: 32, most: 4096 } as const;

export interface ForensicKey {
  /** `hmac-sha256:` and 32 hex digits, which follow from the key and say nothing of it. */
  key_id: string;
  key: Uint8Array;
}

const ID_OF = utf8ToBytes('interlock forensic key id');

/** The key under its id; undefined when it is too short or too long. */
export function forensicKey(key: Uint8Array): ForensicKey | undefined {
  if (key.length < FORENSIC_KEY_BYTES.least || key.length > FORENSIC_KEY_BYTES.most) return undefined;
  return { key_id: `hmac-sha256:${toHex(hmac(sha256, key, ID_OF).slice(0, 16))}`, key };
}

/** HMAC-SHA256 over the 32 bytes of a bundle's hash, lowercase hex. The id's message has another length. */
export const forensicMac = ({ key }: ForensicKey, bundleHash: Uint8Array): string =>
  toHex(hmac(sha256, key, bundleHash));
