import { createHmac, timingSafeEqual } from 'node:crypto';
import { signedPrefix } from '../../domain/signing/webhook.ts';
import type { SignedHeaders } from '../../domain/signing/webhook.ts';

/**
 * Whether one of the signatures is by one of the keys, over the bytes of the body as they came (Standard Webhooks 1.0.0,
 * "Signature scheme"). Every pair is compared, each in constant time: how long it takes tells nothing of a key.
 */
export function isSignedBy(headers: SignedHeaders, body: Uint8Array, keys: readonly Buffer[]): boolean {
  let found = false;
  for (const key of keys) {
    const expected = createHmac('sha256', key).update(signedPrefix(headers)).update(body).digest('base64');
    for (const signature of headers.signatures)
      if (timingSafeEqual(Buffer.from(signature), Buffer.from(expected))) found = true;
  }
  return found;
}
