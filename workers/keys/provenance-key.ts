import { createPublicKey, sign } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeReadOnlyFile } from '../../config/private-file.ts';
import { archivedKeyFile } from '../../config/provenance-keys.ts';
import { verificationKeyOf } from '../../config/verification-key-file.ts';
import { provenanceKeySchema } from '../../domain/export/provenance-key.ts';
import type { ProvenanceKey } from '../../domain/export/provenance-key.ts';
import { toBase64 } from '../../domain/signing/base64.ts';
import type { VerificationKey } from '../../domain/signing/dsse.ts';
import { signingKey } from './instance-key.ts';

/** Signs the statements of exports. */
export interface ProvenanceSigner {
  key_id: string;
  verification: VerificationKey;
  sign: (message: Uint8Array) => Uint8Array;
}

/** The key that signs: Ed25519, PKCS#8 PEM, 0600. */
export const provenanceKeyFile = (stateRoot: string): string => join(stateRoot, 'keys', 'provenance-signing.pem');

/** The signer in a file, made where there is none. Errors: InstanceKeyError. */
export function provenanceSigner(path: string): ProvenanceSigner {
  const key = signingKey(path);
  const verification = verificationKeyOf(createPublicKey(key));
  return { key_id: verification.key_id, verification, sign: (message) => sign(null, message, key) };
}

/** The same of a key that is there; none is made. Errors: InstanceKeyError. */
export const existingProvenanceSigner = (path: string): ProvenanceSigner | undefined =>
  existsSync(path) ? provenanceSigner(path) : undefined;

/**
 * The instance's provenance key, read at each use, so that a rotated one is in force at once; made at the first start. Its
 * public half is kept before anything is signed. Errors: InstanceKeyError.
 */
export function openProvenanceKey(stateRoot: string, now = new Date().toISOString()): ProvenanceSigner {
  const signer = provenanceSigner(provenanceKeyFile(stateRoot));
  archiveKey(stateRoot, signer.verification, now);
  return signer;
}

/** Keeps a public half for ever; said again it changes nothing. */
export function archiveKey(stateRoot: string, { key_id, public_key }: VerificationKey, since: string): void {
  if (archivedKey(stateRoot, key_id) !== undefined) return;
  write(stateRoot, { key_id, public_key: toBase64(public_key), since, until: null });
}

/** From now on it signs no more; the first time that this was said counts. */
export function retireKey(stateRoot: string, key_id: string, until: string | null): void {
  const key = archivedKey(stateRoot, key_id);
  if (key === undefined || (until !== null && key.until !== null)) return;
  write(stateRoot, { ...key, until });
}

export function archivedKey(stateRoot: string, key_id: string): ProvenanceKey | undefined {
  const path = archivedKeyFile(stateRoot, key_id);
  return existsSync(path) ? provenanceKeySchema.parse(JSON.parse(readFileSync(path, 'utf8'))) : undefined;
}

const write = (stateRoot: string, key: ProvenanceKey): void =>
  writeReadOnlyFile(archivedKeyFile(stateRoot, key.key_id), `${JSON.stringify(key)}\n`);
