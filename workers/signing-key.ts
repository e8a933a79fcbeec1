import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Signer } from '../db/attestation/context.ts';
import type { VerificationKey } from '../domain/signing/dsse.ts';

/** Raw Ed25519 public keys are the last 32 bytes of their SPKI (RFC 8410). */
const RAW_KEY_BYTES = 32;

export interface SigningKey {
  signer: Signer;
  verification: VerificationKey;
}

/**
 * The instance's key for reference values and baselines, Ed25519, in `<stateRoot>/keys/reference.pem` (0600); made at the
 * first start. Two processes that start together end up with the same one.
 */
export function referenceKey(stateRoot: string): SigningKey {
  const folder = join(stateRoot, 'keys');
  const path = join(folder, 'reference.pem');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const key = createPrivateKey(read(path) ?? create(path));
  const public_key = createPublicKey(key).export({ type: 'spki', format: 'der' }).subarray(-RAW_KEY_BYTES);
  const key_id = `ref-${createHash('sha256').update(public_key).digest('hex').slice(0, 16)}`;
  return {
    signer: { key_id, sign: (message) => sign(null, message, key) },
    verification: { key_id, public_key: new Uint8Array(public_key) },
  };
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function create(path: string): string {
  const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, pem, { mode: 0o600 });
  try {
    linkSync(draft, path);
    return pem.toString();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return readFileSync(path, 'utf8');
  } finally {
    rmSync(draft);
  }
}
