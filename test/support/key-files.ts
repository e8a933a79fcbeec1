import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeTree } from './remove-tree.ts';

/** A folder for the files of keys; `save` writes one and returns its path. */
export function keyFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'interlock-keys-'));
  const path = (name: string) => join(folder, name);
  const save = (name: string, content: string | Uint8Array, mode = 0o600): string => {
    writeFileSync(path(name), content, { mode });
    return path(name);
  };
  return { path, save, remove: () => removeTree(folder) };
}

/** One key, in every form that a file of it may have. */
export const pair = generateKeyPairSync('ed25519');
export const pkcs8 = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
export const spki = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
export const raw = new Uint8Array(pair.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32));
export const seed = new Uint8Array(pair.privateKey.export({ type: 'pkcs8', format: 'der' }).subarray(-32));

const wire = (...parts: (string | Uint8Array)[]) =>
  Buffer.concat(
    parts.flatMap((part) => {
      const bytes = Buffer.from(part as string);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );
export const sshLine = `ssh-ed25519 ${wire('ssh-ed25519', raw).toString('base64')} me@org\n`;

/** As ssh-keygen writes it; `checks`: the two numbers that tell a wrong passphrase. */
export function sshFile({ cipher = 'none', checks = [7, 7], publicKey = raw } = {}): string {
  const numbers = Buffer.alloc(8);
  checks.forEach((n, i) => numbers.writeUInt32BE(n, i * 4));
  const secret = Buffer.concat([numbers, wire('ssh-ed25519', publicKey, Buffer.concat([seed, raw]), 'me@org')]);
  const bytes = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    wire(cipher, cipher === 'none' ? 'none' : 'bcrypt', ''),
    Buffer.from([0, 0, 0, 1]),
    wire(wire('ssh-ed25519', raw), secret),
  ]);
  const lines = bytes.toString('base64').replace(/(.{70})/g, '$1\n');
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines}\n-----END OPENSSH PRIVATE KEY-----\n`;
}
