// A signature is Ed25519 as RFC 8032 has it, without the leniency of ZIP 215: what one verifier takes, every other takes.
import { ed25519 } from '@noble/curves/ed25519.js';

/** Whether `signature` is `publicKey`'s (raw, 32 bytes) over `message`; a malformed key or signature is none. */
export function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== 64) return false;
  try {
    return ed25519.verify(signature, message, publicKey, { zip215: false });
  } catch {
    return false;
  }
}
