import { createHash, createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { VerificationKey } from '../domain/signing/dsse.ts';

/** Raw Ed25519 public keys are the last 32 bytes of their SPKI (RFC 8410, section 4). */
const RAW_KEY_BYTES = 32;

/** Where the control process leaves the instance's public key (SPKI PEM) for those who only verify. */
export const verificationKeyFile = (stateRoot: string): string => join(stateRoot, 'keys', 'instance-signing.pub.pem');

/** The key id is `sha256:` and the first 32 hex digits of the SPKI's digest. */
export function verificationKeyOf(key: KeyObject): VerificationKey {
  const spki = key.export({ type: 'spki', format: 'der' });
  const key_id = `sha256:${createHash('sha256').update(spki).digest('hex').slice(0, 32)}`;
  return { key_id, public_key: new Uint8Array(spki.subarray(-RAW_KEY_BYTES)) };
}

/** The keys that the instance's signed versions verify with; none where the control process has not been yet. */
export function loadVerificationKeys(stateRoot: string): VerificationKey[] {
  try {
    return [verificationKeyOf(createPublicKey(readFileSync(verificationKeyFile(stateRoot))))];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
