/** Reads the length-prefixed strings of the SSH wire format (RFC 4251, section 5). */
class WireReader {
  #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  take(length: number): Buffer {
    if (length > this.#bytes.length) throw new RangeError('truncated');
    const taken = this.#bytes.subarray(0, length);
    this.#bytes = this.#bytes.subarray(length);
    return taken;
  }

  uint32(): number {
    return this.take(4).readUInt32BE();
  }

  string(): Buffer {
    return this.take(this.uint32());
  }
}

const TYPE = 'ssh-ed25519';
const MAGIC = 'openssh-key-v1\0';
const ARMOUR = /^-----BEGIN OPENSSH PRIVATE KEY-----\s+([A-Za-z0-9+/=\s]+?)\s+-----END OPENSSH PRIVATE KEY-----\s*$/;
const LINE = /^ssh-ed25519 ([A-Za-z0-9+/=]+)(?:[ \t].*)?\s*$/;

const rawKey = (bytes: Buffer): Buffer | undefined => (bytes.length === 32 ? bytes : undefined);

/** The raw public key of an `ssh-ed25519 …` line (RFC 8709, section 4); undefined when it is none. */
export function opensshPublicKey(text: string): Buffer | undefined {
  const base64 = LINE.exec(text)?.[1];
  if (base64 === undefined) return undefined;
  try {
    const reader = new WireReader(Buffer.from(base64, 'base64'));
    return reader.string().toString() === TYPE ? rawKey(reader.string()) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The 32-byte seed of an OpenSSH private key file (openssh-key-v1, PROTOCOL.key of OpenSSH); `encrypted` when it has a
 * passphrase, undefined when it is no Ed25519 key.
 */
export function opensshSeed(text: string): Buffer | 'encrypted' | undefined {
  const base64 = ARMOUR.exec(text)?.[1];
  if (base64 === undefined) return undefined;
  try {
    const reader = new WireReader(Buffer.from(base64, 'base64'));
    if (reader.take(MAGIC.length).toString('latin1') !== MAGIC) return undefined;
    const cipher = reader.string().toString();
    const kdf = reader.string().toString();
    reader.string();
    if (reader.uint32() !== 1) return undefined;
    reader.string();
    const secret = new WireReader(reader.string());
    if (cipher !== 'none' || kdf !== 'none') return 'encrypted';
    if (secret.uint32() !== secret.uint32() || secret.string().toString() !== TYPE) return undefined;
    const publicKey = secret.string();
    const pair = secret.string();
    return pair.length === 64 && pair.subarray(32).equals(publicKey) ? rawKey(pair.subarray(0, 32)) : undefined;
  } catch {
    return undefined;
  }
}
