import type { IncomingMessage } from 'node:http';
import { digestHex, digestName } from '../../domain/registry/digest.ts';
import type { FoundBlob, Quarantine } from '../../db/read/registry.ts';
import { DomainError } from '../../domain/problem/problem.ts';
import { invalidFields } from '../fields.ts';
import type { Call } from '../route.ts';

/** The hex digest of the blob in the path. Errors: validation_failed. */
export const blobDigest = ({ params }: Pick<Call, 'params'>): string =>
  digestHex(params['digest']) ?? invalidFields({ path: 'digest', code: 'invalid_value' });

/** The strong entity tag of a blob: what it is. */
export const etagOf = (hex: string): string => `"${digestName(hex)}"`;

/** What a blob's answers say of it besides its bytes; the digest also as RFC 9530 spells it. */
export const blobHeaders = (hex: string): Record<string, string> => ({
  ETag: etagOf(hex),
  'Accept-Ranges': 'bytes',
  'Repr-Digest': `sha-256=:${Buffer.from(hex, 'hex').toString('base64')}:`,
});

/**
 * The bytes of a request's body as they come, at most `limit`. Errors: unsupported_media_type, blob_too_large,
 * upload_incomplete when the connection ends before the body.
 */
export function bodyBytes(req: IncomingMessage, limit: number): AsyncIterable<Uint8Array> {
  const { 'content-encoding': encoding, 'content-type': type, 'content-length': length } = req.headers;
  if (encoding !== undefined && encoding !== 'identity') throw new DomainError('unsupported_media_type');
  if (type !== undefined && !/^application\/octet-stream\s*$/i.test(type))
    throw new DomainError('unsupported_media_type');
  if (Number(length ?? 0) > limit) throw new DomainError('blob_too_large');
  return received(req);
}

async function* received(req: IncomingMessage): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of req) yield chunk as Uint8Array;
  } catch {
    throw new DomainError('upload_incomplete');
  }
}

/** Errors: model_quarantined, with what the hold says. */
export function requireReleased(hex: string, quarantine: Quarantine | null): void {
  if (quarantine === null) return;
  const why = [quarantine.reason, quarantine.incident_id].filter((word) => word !== null).join(', ');
  throw new DomainError('model_quarantined', { detail: `${digestName(hex)} is quarantined: ${why}` });
}

/** Errors: blob_not_found, model_quarantined, blob_missing, blob_corrupt as the last look at it found. */
export function requireServed(blob: FoundBlob | undefined): FoundBlob {
  if (blob === undefined) throw new DomainError('blob_not_found');
  requireReleased(blob.digest, blob.quarantine);
  if (blob.broken !== null) throw new DomainError(blob.broken);
  return blob;
}
