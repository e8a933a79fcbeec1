import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { readKeyFile, readSigningKey } from '../../../cli/keys/key-file.ts';
import { opensshPublicKey, opensshSeed } from '../../../cli/keys/openssh.ts';
import { verifyEd25519 } from '../../../domain/signing/ed25519.ts';
import { keyFolder, pair, pkcs8, raw, seed, spki, sshFile, sshLine } from '../../support/key-files.ts';

const { path, save, remove } = keyFolder();
afterAll(remove);

describe('the file of a key', () => {
  it.each([
    ['PKCS#8 PEM', pkcs8],
    ['OpenSSH', sshFile()],
    ['32 raw bytes', seed],
  ])('%s signs, and its public part is derived', (name, content) => {
    const key = readSigningKey(save('private', content), 'test');
    expect(key.public_key, name).toEqual(raw);
    const message = Buffer.from('message');
    expect(verifyEd25519(raw, message, key.sign(message))).toBe(true);
  });

  it.each([
    ['SPKI PEM', spki],
    ['OpenSSH line', sshLine],
    ['OpenSSH line without comment', sshLine.replace(' me@org', '')],
  ])('%s is public: it may be read by others, and does not sign', (name, content) => {
    const file = save(`public-${name.length}`, content, 0o644);
    expect(readKeyFile(file, 'test')).toEqual({
      key_id: readSigningKey(save('p', pkcs8), 'test').key_id,
      public_key: raw,
    });
    expect(() => readSigningKey(file, 'test')).toThrow('holds only a public key');
  });

  it('is refused by what is wrong with it, which never quotes it', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const encrypted = pair.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' });
    const cases: [string | Uint8Array, string][] = [
      [rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }), 'holds no Ed25519 key'],
      [rsa.publicKey.export({ type: 'spki', format: 'pem' }), 'holds no Ed25519 key'],
      [encrypted, 'is encrypted'],
      [sshFile({ cipher: 'aes256-ctr' }), 'is encrypted'],
      [sshFile({ checks: [1, 2] }), 'holds no Ed25519 key'],
      [sshFile({ publicKey: seed }), 'holds no Ed25519 key'],
      [seed.subarray(1), 'holds no Ed25519 key'],
      ['ssh-rsa AAAA', 'holds no Ed25519 key'],
      ['x'.repeat(65 * 1024), 'is too long'],
    ];
    for (const [content, said] of cases) expect(() => readKeyFile(save('bad', content), 'test')).toThrow(said);
    expect(() => readKeyFile(path('absent'), 'test')).toThrow('cannot be read (ENOENT)');
    const exposed = save('exposed', pkcs8);
    chmodSync(exposed, 0o640);
    expect(() => readKeyFile(exposed, 'test')).toThrow('is open to other users');
  });

  it('of any bytes is a key or none, never an error of another kind', () => {
    const text = fc.string({ unit: 'binary' });
    const armoured = fc.uint8Array({ maxLength: 300 }).map((b) => sshArmour(Buffer.from(b)));
    fc.assert(
      fc.property(fc.oneof(text, armoured), (t) => {
        opensshSeed(t);
        opensshPublicKey(t);
      }),
    );
  });

  it.skipIf(!has('ssh-keygen'))('of ssh-keygen itself is read', () => {
    const file = path('id_ed25519');
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file]);
    expect(readSigningKey(file, 'test').public_key).toEqual(readKeyFile(`${file}.pub`, 'test').public_key);
  });
});

const sshArmour = (bytes: Buffer) =>
  `-----BEGIN OPENSSH PRIVATE KEY-----\n${Buffer.concat([Buffer.from('openssh-key-v1\0'), bytes]).toString('base64')}\n-----END OPENSSH PRIVATE KEY-----\n`;

function has(tool: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((dir) => existsSync(join(dir, tool)));
}
