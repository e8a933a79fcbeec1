import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { problemFor } from '../../../api/failures.ts';
import { receiptPublicKeyFile, receiptSigner } from '../../../config/receipt-key-file.ts';
import { readKeyFile } from '../../../cli/keys/key-file.ts';
import { verifyEd25519 } from '../../../domain/signing/ed25519.ts';
import { temporaryStateRoot } from '../../support/state-root.ts';

const message = new TextEncoder().encode('message');
const pemOf = (root: string) => join(root, 'keys', 'governance-receipts.pem');

describe('the key for receipts', () => {
  it('is made when it is first needed, for its owner only, with its public half beside it', () => {
    const root = temporaryStateRoot();
    const [one, other] = [receiptSigner(root), receiptSigner(root)];
    const key = one();
    expect(other().key_id).toBe(key.key_id);
    expect(verifyEd25519(key.public_key, message, other().sign(message))).toBe(true);
    expect(readdirSync(join(root, 'keys'))).toEqual(['governance-receipts.pem', 'governance-receipts.pub.pem']);
    expect(statSync(pemOf(root)).mode & 0o777).toBe(0o600);
    expect(readKeyFile(receiptPublicKeyFile(root), 'test')).toMatchObject({ key_id: key.key_id });
    expect(readFileSync(receiptPublicKeyFile(root), 'utf8')).not.toContain('PRIVATE');
  });

  it('that is replaced signs from then on, and its public half is the new one', () => {
    const root = temporaryStateRoot();
    const signer = receiptSigner(root);
    const before = signer().key_id;
    const elsewhere = temporaryStateRoot();
    const { key_id } = receiptSigner(elsewhere)();
    writeFileSync(pemOf(root), readFileSync(pemOf(elsewhere)));
    expect([signer().key_id, before === key_id]).toEqual([key_id, false]);
    expect(readKeyFile(receiptPublicKeyFile(root), 'test').key_id).toBe(key_id);
  });

  it.each([0o640, 0o604])('is refused when its mode is %o', (mode) => {
    const root = temporaryStateRoot();
    const signer = receiptSigner(root);
    signer();
    chmodSync(pemOf(root), mode);
    expect(signer).toThrow(expect.objectContaining({ code: 'receipt_key_unusable' }) as Error);
  });

  it('that is no Ed25519 key is refused without being quoted, and answered as 503', () => {
    const root = temporaryStateRoot();
    const signer = receiptSigner(root);
    signer();
    writeFileSync(pemOf(root), 'not a key: hunter2');
    try {
      signer();
      expect.unreachable();
    } catch (error) {
      expect(String(error)).not.toContain('hunter2');
      expect(problemFor(error)).toMatchObject({ status: 503, code: 'receipt_key_unusable' });
      expect(JSON.stringify(problemFor(error))).not.toContain(root);
    }
  });
});
