import { createHash, hash } from 'node:crypto';
import type { ForensicCrypto } from '../../domain/forensic/crypto.ts';

/** What the verifier of bundles is handed. */
export const natives: ForensicCrypto = {
  sha256: (bytes) => hash('sha256', bytes, 'buffer'),
  stream: () => {
    const sha256 = createHash('sha256');
    return { update: (bytes) => void sha256.update(bytes), digest: () => sha256.digest() };
  },
  utf8: (text) => Buffer.from(text, 'utf8'),
  fromBase64: (text) => {
    // Node reads past what is no base64; the one spelling of the bytes is the text itself.
    const bytes = Buffer.from(text, 'base64');
    return bytes.toString('base64') === text ? bytes : null;
  },
};
