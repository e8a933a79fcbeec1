// Bytes that come in pieces are UTF-8 as a whole: a character may be cut between two pieces, and what is none has a place.
import { decodeUtf8Strict } from './utf8.ts';

/** How many bytes at the end are the beginning of a character, whose rest may come. */
function unfinished(bytes: Uint8Array): number {
  for (let n = 1; n <= Math.min(3, bytes.length); n += 1) {
    const byte = bytes[bytes.length - n] as number;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return n < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? n : 0;
  }
  return 0;
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return decodeUtf8Strict(bytes);
  } catch {
    return undefined;
  }
}

/** The text at the beginning of bytes that are not UTF-8: all of it, but for characters that would end behind it. */
function textBefore(bytes: Uint8Array): string {
  let [good, bad] = [0, bytes.length];
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    const piece = bytes.subarray(0, middle);
    if (textOf(piece.subarray(0, middle - unfinished(piece))) !== undefined) good = middle;
    else bad = middle;
  }
  const piece = bytes.subarray(0, good);
  return decodeUtf8Strict(piece.subarray(0, good - unfinished(piece)));
}

export class Utf8Stream {
  #rest = new Uint8Array(0);

  /** The text that is there so far and was not yet returned; `broken` when what comes behind it is not UTF-8. */
  push(chunk: Uint8Array): { text: string; broken: boolean } {
    const bytes = this.#rest.length === 0 ? chunk : joined(this.#rest, chunk);
    const end = bytes.length - unfinished(bytes);
    this.#rest = bytes.slice(end);
    const whole = bytes.subarray(0, end);
    const text = textOf(whole);
    return text === undefined ? { text: textBefore(whole), broken: true } : { text, broken: false };
  }

  /** Whether the last character is whole. */
  get complete(): boolean {
    return this.#rest.length === 0;
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
