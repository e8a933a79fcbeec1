// What a signature is over is JSON with each member once and none besides: one statement has one reading.
import type { z } from 'zod';
import { parseStrictJson } from '../json/strict-json.ts';
import { decodeUtf8Strict } from '../json/utf8.ts';

/** The statement that a signed payload holds, or null when its bytes are not one of this shape. */
export function readPayload<T>(payload: Uint8Array, schema: z.ZodType<T>): T | null {
  try {
    const parsed = schema.safeParse(parseStrictJson(decodeUtf8Strict(payload)));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
