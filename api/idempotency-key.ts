import type { IncomingMessage } from 'node:http';
import { invalidFields } from './fields.ts';

const KEY = /^[\x21-\x7e]{1,255}$/;

/** The client's `Idempotency-Key`, 1 to 255 visible ASCII characters. */
export function idempotencyKey(req: IncomingMessage): string | undefined {
  const key = req.headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key !== 'string' || !KEY.test(key))
    return invalidFields({ path: 'Idempotency-Key', code: 'invalid_value' });
  return key;
}
