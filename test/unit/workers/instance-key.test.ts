import { chmodSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadVerificationKeys } from '../../../config/verification-key-file.ts';
import { envelopeOf, preAuthenticationEncoding, verifyEnvelope } from '../../../domain/signing/dsse.ts';
import { instanceKey } from '../../../workers/keys/instance-key.ts';
import { temporaryStateRoot } from '../../support/state-root.ts';

const TYPE = 'application/test';
const message = Buffer.from('message');
const pemOf = (root: string) => join(root, 'keys', 'instance-signing.pem');

describe('the instance key', () => {
  it('is made once, for its owner only, and signs what its public half verifies', () => {
    const root = temporaryStateRoot();
    const first = instanceKey(root);
    const again = instanceKey(root);
    expect(again.verification).toEqual(first.verification);
    expect(first.verification.key_id).toMatch(/^sha256:[0-9a-f]{32}$/);
    expect(readdirSync(join(root, 'keys'))).toEqual(['instance-signing.pem', 'instance-signing.pub.pem']);
    expect([statSync(join(root, 'keys')).mode & 0o777, statSync(pemOf(root)).mode & 0o777]).toEqual([0o700, 0o600]);
    expect(loadVerificationKeys(root)).toEqual([first.verification]);
    expect(loadVerificationKeys(temporaryStateRoot())).toEqual([]);
    const { key_id, sign } = first.signer;
    const signature = sign(preAuthenticationEncoding(TYPE, message));
    const envelope = envelopeOf(TYPE, message, [{ key_id, signature }]);
    expect(verifyEnvelope(envelope, [again.verification], TYPE).key_ids).toEqual([key_id]);
  });

  it.each([0o640, 0o604, 0o660])('is refused when its mode is %o', (mode) => {
    const root = temporaryStateRoot();
    instanceKey(root);
    chmodSync(pemOf(root), mode);
    expect(() => instanceKey(root)).toThrow(expect.objectContaining({ code: 'key_exposed' }) as Error);
  });

  it('that is no Ed25519 key is refused without being quoted', () => {
    const root = temporaryStateRoot();
    instanceKey(root);
    writeFileSync(pemOf(root), 'not a key: hunter2');
    const refused = () => instanceKey(root);
    expect(refused).toThrow(expect.objectContaining({ code: 'key_malformed' }) as Error);
    expect(refused).not.toThrow(/hunter2/);
  });
});
