// A bundle of any size is verified as it is read; what is done to each of its bytes is done by the machine's own code.
import type { Sha256 } from '../canonical/hash.ts';

export interface HashStream {
  update: (bytes: Uint8Array) => void;
  digest: () => Uint8Array;
}

/** What the verifier is handed; the same by any implementation. */
export interface ForensicCrypto {
  sha256: Sha256;
  /** SHA-256 of bytes that come in pieces. */
  stream: () => HashStream;
  utf8: (text: string) => Uint8Array;
  /** The bytes of padded base64, null for any text that is not their one spelling. */
  fromBase64: (text: string) => Uint8Array | null;
}
