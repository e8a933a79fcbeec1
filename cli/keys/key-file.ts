import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { operatorKeyId, PUBLIC_KEY_BYTES } from '../../domain/signing/operator-key.ts';
import { envelopeOf, preAuthenticationEncoding } from '../../domain/signing/dsse.ts';
import type { DsseEnvelope } from '../../domain/signing/dsse.ts';
import { UsageError } from '../errors.ts';
import { sharedSha256 } from '../sha256.ts';
import { opensshPublicKey, opensshSeed } from './openssh.ts';

/** A key as its file holds it; without `sign` the file holds only the public part. */
export interface FileKey {
  key_id: string;
  /** Raw, 32 bytes. */
  public_key: Uint8Array;
  sign?: (message: Uint8Array) => Uint8Array;
}

export type SigningKey = Required<FileKey>;

/** Far longer than any Ed25519 key with its comment. */
const LONGEST_FILE = 64 * 1024;
const OTHERS = 0o077;
const SEED_BYTES = 32;

/** RFC 8410, section 7: what stands before the seed in PKCS#8. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

/**
 * The Ed25519 key in `file`: a public key as SPKI PEM or `ssh-ed25519 …` line, or a private one as PKCS#8 PEM, OpenSSH file
 * or 32 raw bytes, of which the public part is derived here. Errors: UsageError, which never quotes the file.
 */
export function readKeyFile(file: string, command: string): FileKey {
  const { bytes, exposed } = readBytes(file, command);
  const refuse = (sentence: string): never => {
    throw new UsageError(`the key file ${file} ${sentence}`, command);
  };
  const text = bytes.toString('latin1');
  const ssh = opensshPublicKey(text);
  if (ssh !== undefined) return fileKey(new Uint8Array(ssh));
  if (text.startsWith('-----BEGIN PUBLIC KEY-----'))
    return fileKey(rawPublic(parse(() => createPublicKey(text)) ?? refuse(NO_KEY)));
  const secret = text.startsWith('-----BEGIN OPENSSH') ? opensshSeed(text) : bytes.length === SEED_BYTES ? bytes : null;
  if (secret === 'encrypted' || text.includes('ENCRYPTED'))
    return refuse('is encrypted: give a copy without passphrase, 0600, or sign elsewhere');
  const key = secret === null ? parse(() => createPrivateKey(text)) : secret && fromSeed(secret);
  if (key === undefined) return refuse(NO_KEY);
  if (exposed) return refuse('is open to other users: make it 0600, or replace the key');
  return { ...fileKey(rawPublic(createPublicKey(key))), sign: (message) => sign(null, message, key) };
}

const NO_KEY = 'holds no Ed25519 key';

/** As `readKeyFile`, of a key that signs. */
export function readSigningKey(file: string, command: string): SigningKey {
  const key = readKeyFile(file, command);
  if (key.sign === undefined) throw new UsageError(`the key file ${file} holds only a public key`, command);
  return { ...key, sign: key.sign };
}

/** The DSSE envelope of a payload, signed by the key. */
export const signEnvelope = ({ key_id, sign: by }: SigningKey, type: string, payload: Uint8Array): DsseEnvelope =>
  envelopeOf(type, payload, [{ key_id, signature: by(preAuthenticationEncoding(type, payload)) }]);

const fileKey = (public_key: Uint8Array): FileKey => ({ key_id: operatorKeyId(public_key, sharedSha256), public_key });

const fromSeed = (seed: Buffer): KeyObject =>
  createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' });

const rawPublic = (key: KeyObject): Uint8Array =>
  new Uint8Array(key.export({ type: 'spki', format: 'der' }).subarray(-PUBLIC_KEY_BYTES));

/** What OpenSSL says of a text may quote it. */
function parse(read: () => KeyObject): KeyObject | undefined {
  try {
    const key = read();
    return key.asymmetricKeyType === 'ed25519' ? key : undefined;
  } catch {
    return undefined;
  }
}

function readBytes(file: string, command: string): { bytes: Buffer; exposed: boolean } {
  try {
    const opened = openSync(file, 'r');
    try {
      const { size, mode } = fstatSync(opened);
      if (size > LONGEST_FILE) throw new UsageError(`the key file ${file} is too long`, command);
      return { bytes: readFileSync(opened), exposed: (mode & OTHERS) !== 0 };
    } finally {
      closeSync(opened);
    }
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const code = String((error as { code?: unknown }).code);
    throw new UsageError(`the key file ${file} cannot be read (${code})`, command);
  }
}
