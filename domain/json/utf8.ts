// JSON on the wire is UTF-8 (RFC 8259 §8.1): bytes that are not are refused, never replaced.
import { StrictJsonError } from './error.ts';

// A byte order mark stays in the text, where it is no JSON.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Text of UTF-8 bytes. Errors: malformed_json. */
export function decodeUtf8Strict(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new StrictJsonError('malformed_json', '', 0);
  }
}
