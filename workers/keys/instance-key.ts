import { createPrivateKey, createPublicKey, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { closeSync, existsSync, fstatSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makePrivateFile } from '../../config/private-file.ts';
import { verificationKeyFile, verificationKeyOf } from '../../config/verification-key-file.ts';
import type { Signer } from '../../db/attestation/context.ts';
import type { VerificationKey } from '../../domain/signing/dsse.ts';

const OTHERS = 0o077;

export interface InstanceKey {
  signer: Signer;
  verification: VerificationKey;
}

/** A signing key that cannot be used as it lies there; the message names the file and says nothing of what is in it. */
export class InstanceKeyError extends Error {
  override readonly name = 'InstanceKeyError';
  readonly code: 'key_exposed' | 'key_malformed';

  constructor(code: InstanceKeyError['code'], path: string, sentence: string) {
    super(`${path} ${sentence}`);
    this.code = code;
  }
}

/**
 * The instance's key for reference values and baselines: Ed25519, PKCS#8 PEM in `<stateRoot>/keys/instance-signing.pem`,
 * 0600. Made at the first start; two processes that start together end up with the same one. Its public half is left
 * beside it, as `verificationKeyFile` says. Errors: InstanceKeyError.
 */
export function instanceKey(stateRoot: string): InstanceKey {
  const key = signingKey(join(stateRoot, 'keys', 'instance-signing.pem'));
  const publicKey = createPublicKey(key);
  const verification = verificationKeyOf(publicKey);
  publish(publicKey.export({ type: 'spki', format: 'pem' }).toString(), verificationKeyFile(stateRoot));
  return { signer: { key_id: verification.key_id, sign: (message) => sign(null, message, key) }, verification };
}

/** An Ed25519 key that lies in `path` as PKCS#8 PEM, 0600, made where there is none. Errors: InstanceKeyError. */
export function signingKey(path: string): KeyObject {
  return parse(read(path) ?? create(path), path);
}

/** Whoever only verifies, as the API does, never opens the file of the private key. */
function publish(pem: string, path: string): void {
  if (existsSync(path) && readFileSync(path, 'utf8') === pem) return;
  const draft = `${path}.${randomUUID()}`;
  writeFileSync(draft, pem, { mode: 0o644, flush: true });
  renameSync(draft, path);
}

function parse(pem: string, path: string) {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // What OpenSSL says of the text may quote it.
  }
  throw new InstanceKeyError('key_malformed', path, 'holds no Ed25519 private key');
}

/** Undefined when there is none. A key that others could read may have signed anything. */
function read(path: string): string | undefined {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    if ((fstatSync(file).mode & OTHERS) !== 0) {
      throw new InstanceKeyError('key_exposed', path, 'is open to other users: make it 0600, or replace the key');
    }
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

function create(path: string): string {
  const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return makePrivateFile(path, pem) ? pem : (read(path) ?? pem);
}
