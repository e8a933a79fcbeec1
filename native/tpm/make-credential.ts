import {
  constants,
  createCipheriv,
  createECDH,
  createHash,
  createHmac,
  createPublicKey,
  type ECDH,
  publicEncrypt,
  randomBytes,
} from 'node:crypto';

import { TpmError } from './error.ts';
import { parseStorageKey, sized, type StorageKey } from './storage-key.ts';

const seedSize = 32;
const identityLabel = 'IDENTITY';

/**
 * TPM2_MakeCredential in software, for the verifier (TPM 2.0 Library, Part 1, section 24): hides `secret` so that only
 * the TPM with that EK gets it, and only while it also holds the object of that name.
 * @param request.ekPublic TPMT_PUBLIC of an ECC P-256 or RSA EK, SHA-256 name, AES-CFB.
 * @param request.objectName name of the AK: nameAlg and digest, 34 bytes for SHA-256.
 * @param request.secret 1 to 32 bytes.
 * @returns `credentialBlob` TPM2B_ID_OBJECT, `encryptedSecret` TPM2B_ENCRYPTED_SECRET.
 * @throws TpmError `invalid_argument`
 */
export function makeCredential(request: { ekPublic: Uint8Array; objectName: Uint8Array; secret: Uint8Array }): {
  credentialBlob: Buffer;
  encryptedSecret: Buffer;
} {
  const ek = parseStorageKey(request.ekPublic);
  if (request.objectName.length < 3) throw new TpmError('invalid_argument', 'objectName is no name of a TPM object');
  if (request.secret.length < 1 || request.secret.length > seedSize) {
    throw new TpmError('invalid_argument', `secret must be 1 to ${seedSize} bytes`);
  }
  const { seed, encryptedSeed } = ek.type === 'rsa' ? sealSeedToRsa(ek) : shareSeedWithEcc(ek);

  const storageKey = kdfa(seed, 'STORAGE', request.objectName, ek.aesBits);
  const cipher = createCipheriv(`aes-${ek.aesBits}-cfb`, storageKey, Buffer.alloc(16));
  const encIdentity = Buffer.concat([cipher.update(sized(request.secret)), cipher.final()]);

  const integrityKey = kdfa(seed, 'INTEGRITY', Buffer.alloc(0), seedSize * 8);
  const integrity = createHmac('sha256', integrityKey).update(encIdentity).update(request.objectName).digest();

  return {
    credentialBlob: sized(Buffer.concat([sized(integrity), encIdentity])),
    encryptedSecret: sized(encryptedSeed),
  };
}

/** Part 1, annex B.10: OAEP with the terminating NUL as part of the label. */
function sealSeedToRsa(ek: Extract<StorageKey, { type: 'rsa' }>): { seed: Buffer; encryptedSeed: Buffer } {
  const seed = randomBytes(seedSize);
  const key = createPublicKey({
    key: { kty: 'RSA', n: ek.modulus.toString('base64url'), e: ek.exponent.toString('base64url') },
    format: 'jwk',
  });
  const encryptedSeed = publicEncrypt(
    {
      key,
      padding: constants.RSA_PKCS1_OAEP_PADDING,
      oaepHash: 'sha256',
      oaepLabel: Buffer.from(`${identityLabel}\0`),
    },
    seed,
  );
  return { seed, encryptedSeed };
}

/** Part 1, annex C.6: one-pass Diffie-Hellman; the encrypted seed is the ephemeral point. */
function shareSeedWithEcc(ek: Extract<StorageKey, { type: 'ecc' }>): { seed: Buffer; encryptedSeed: Buffer } {
  const ephemeral = createECDH('prime256v1');
  const point = ephemeral.generateKeys();
  const x = point.subarray(1, 33);
  const y = point.subarray(33, 65);
  const shared = agree(ephemeral, Buffer.concat([Buffer.of(4), ek.x, ek.y]));
  return { seed: kdfe(shared, identityLabel, x, ek.x), encryptedSeed: Buffer.concat([sized(x), sized(y)]) };
}

function agree(ephemeral: ECDH, peer: Buffer): Buffer {
  try {
    return ephemeral.computeSecret(peer);
  } catch {
    throw new TpmError('invalid_argument', 'ekPublic is no point of its curve');
  }
}

/** KDFa with SHA-256 and an empty contextV (Part 1, section 11.4.10.2); at most one block is ever needed here. */
function kdfa(key: Uint8Array, label: string, contextU: Uint8Array, bits: number): Buffer {
  return createHmac('sha256', key)
    .update(word(1))
    .update(`${label}\0`)
    .update(contextU)
    .update(word(bits))
    .digest()
    .subarray(0, bits / 8);
}

/** KDFe with SHA-256 for 256 bits, a single block (Part 1, section 11.4.10.3). */
function kdfe(z: Uint8Array, label: string, partyU: Uint8Array, partyV: Uint8Array): Buffer {
  return createHash('sha256').update(word(1)).update(z).update(`${label}\0`).update(partyU).update(partyV).digest();
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
