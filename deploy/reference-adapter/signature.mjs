// Standard Webhooks 1.0.0: `webhook-signature` carries `v1,<base64 HMAC-SHA256 of id.timestamp.body>`, one per secret.
import { createHmac, timingSafeEqual } from 'node:crypto';

/** How far a request's clock may be from ours, in seconds. */
const TOLERANCE_S = 300;

const keyOf = (secret) =>
  secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : Buffer.from(secret, 'utf8');

/** Whether one of the secrets signed this body, not longer ago than the tolerance. `now` in milliseconds. */
export function verifySignature(headers, body, secrets, now) {
  const id = headers['webhook-id'];
  const timestamp = headers['webhook-timestamp'];
  const given = String(headers['webhook-signature'] ?? '').split(' ');
  if (!id || !/^\d{1,15}$/.test(timestamp ?? '') || Math.abs(now / 1000 - Number(timestamp)) > TOLERANCE_S)
    return false;
  return secrets.some((secret) => {
    const expected = createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.${body}`).digest();
    return given.some((signature) => {
      if (!signature.startsWith('v1,')) return false;
      const bytes = Buffer.from(signature.slice(3), 'base64');
      return bytes.length === expected.length && timingSafeEqual(bytes, expected);
    });
  });
}
