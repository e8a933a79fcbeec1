// A signature covers the payload's type and its exact bytes, so nothing signed as one thing is read as another.
// Dead Simple Signing Envelope v1.0.2 (github.com/secure-systems-lab/dsse), Ed25519 (RFC 8032).
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { z } from 'zod';
import { fromBase64, toBase64 } from './base64.ts';
import { verifyEd25519 } from './ed25519.ts';

/** `payload` and `sig` are standard base64; the member names are the DSSE protocol's. */
export const dsseEnvelopeSchema = z.strictObject({
  payload: z.string().max(4 * 1024 * 1024),
  payloadType: z.string().min(1).max(256),
  signatures: z
    .array(z.strictObject({ keyid: z.string().min(1).max(256), sig: z.string().max(128) }))
    .min(1)
    .max(8),
});
export type DsseEnvelope = z.infer<typeof dsseEnvelopeSchema>;

export type DsseErrorCode =
  'envelope_malformed' | 'payload_type_mismatch' | 'duplicate_key' | 'key_unknown' | 'signature_invalid';

export class DsseError extends Error {
  override readonly name = 'DsseError';
  readonly code: DsseErrorCode;

  constructor(code: DsseErrorCode, detail: string) {
    super(`${code}: ${detail}`);
    this.code = code;
  }
}

/** `public_key` is the raw 32-byte Ed25519 key. */
export interface VerificationKey {
  key_id: string;
  public_key: Uint8Array;
}

/** PAE(type, body) = "DSSEv1" SP LEN(type) SP type SP LEN(body) SP body; LEN is bytes, in decimal. */
export function preAuthenticationEncoding(type: string, payload: Uint8Array): Uint8Array {
  const typeBytes = utf8ToBytes(type);
  return concatBytes(
    utf8ToBytes(`DSSEv1 ${typeBytes.length} `),
    typeBytes,
    utf8ToBytes(` ${payload.length} `),
    payload,
  );
}

/** The envelope of signatures that were made over the payload's pre-authentication encoding. */
export function envelopeOf(
  payloadType: string,
  payload: Uint8Array,
  signatures: readonly { key_id: string; signature: Uint8Array }[],
): DsseEnvelope {
  return {
    payload: toBase64(payload),
    payloadType,
    signatures: signatures.map((s) => ({ keyid: s.key_id, sig: toBase64(s.signature) })),
  };
}

/**
 * The payload bytes and the ids of the known keys that signed them, at least one. A signature by a key that is not known
 * here counts for nothing; a bad one by a known key, or two by one key, refuses the whole.
 * Errors (DsseError): envelope_malformed, payload_type_mismatch, duplicate_key, key_unknown, signature_invalid.
 */
export function verifyEnvelope(
  envelope: unknown,
  keys: readonly VerificationKey[],
  payloadType: string,
): { payload: Uint8Array; key_ids: string[] } {
  const parsed = dsseEnvelopeSchema.safeParse(envelope);
  const payload = parsed.success ? fromBase64(parsed.data.payload) : null;
  if (!parsed.success || payload === null) throw new DsseError('envelope_malformed', 'envelope');
  const { signatures } = parsed.data;
  if (parsed.data.payloadType !== payloadType) throw new DsseError('payload_type_mismatch', parsed.data.payloadType);
  if (new Set(signatures.map((s) => s.keyid)).size !== signatures.length) throw new DsseError('duplicate_key', 'keyid');

  const message = preAuthenticationEncoding(payloadType, payload);
  const known = new Map(keys.map((key) => [key.key_id, key]));
  const key_ids = signatures.flatMap(({ keyid, sig }) => {
    const key = known.get(keyid);
    if (key === undefined) return [];
    const signature = fromBase64(sig);
    if (signature === null || !verifyEd25519(key.public_key, message, signature))
      throw new DsseError('signature_invalid', keyid);
    return [keyid];
  });
  if (key_ids.length === 0) throw new DsseError('key_unknown', signatures.map((s) => s.keyid).join(','));
  return { payload, key_ids };
}
