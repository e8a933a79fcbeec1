import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { closeSync, existsSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { operatorKeyId, PUBLIC_KEY_BYTES } from '../domain/signing/operator-key.ts';
import type { ReceiptSigner } from '../domain/governance/receipt.ts';
import { makePrivateFile, writeReadOnlyFile } from './private-file.ts';

const OTHERS = 0o077;

/** A key that receipts cannot be signed with. The message names the file and says nothing of what is in it. */
export class ReceiptKeyError extends Error {
  override readonly name = 'ReceiptKeyError';
  readonly code = 'receipt_key_unusable';

  constructor(path: string, sentence: string) {
    super(`${path} ${sentence}`);
  }
}

/** Where the public half lies, SPKI PEM, for whoever replays a ledger without the server. */
export const receiptPublicKeyFile = (stateRoot: string): string =>
  join(stateRoot, 'keys', 'governance-receipts.pub.pem');

/**
 * The API's key for receipts: Ed25519, PKCS#8 PEM in `<stateRoot>/keys/governance-receipts.pem`, 0600, made when it is first
 * needed; processes that share the state root share it. Read at each use. Errors: ReceiptKeyError.
 */
export function receiptSigner(stateRoot: string): () => ReceiptSigner {
  const path = join(stateRoot, 'keys', 'governance-receipts.pem');
  return () => {
    if (!existsSync(path)) makePrivateFile(path, freshKey());
    const key = readKey(path);
    const publicKey = createPublicKey(key);
    publish(publicKey, receiptPublicKeyFile(stateRoot));
    const public_key = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }).subarray(-PUBLIC_KEY_BYTES));
    const key_id = operatorKeyId(public_key, (bytes) => createHash('sha256').update(bytes).digest());
    return { key_id, public_key, sign: (message) => new Uint8Array(sign(null, message, key)) };
  };
}

const freshKey = (): string =>
  generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

function publish(key: KeyObject, path: string): void {
  const pem = key.export({ type: 'spki', format: 'pem' }).toString();
  if (!existsSync(path) || readFileSync(path, 'utf8') !== pem) writeReadOnlyFile(path, pem);
}

/** A key that others could read may have signed anything. */
function readKey(path: string): KeyObject {
  const file = openSync(path, 'r');
  try {
    if ((fstatSync(file).mode & OTHERS) !== 0)
      throw new ReceiptKeyError(path, 'is open to other users: make it 0600, or replace the key');
    return parse(readFileSync(file, 'utf8'), path);
  } finally {
    closeSync(file);
  }
}

function parse(pem: string, path: string): KeyObject {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // What OpenSSL says of the text may quote it.
  }
  throw new ReceiptKeyError(path, 'holds no Ed25519 private key');
}
