import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Utf8Stream } from '../../../domain/json/utf8-stream.ts';

/** All that a stream of pieces gives, and whether it is text to its end. */
function read(bytes: Uint8Array, size: number): { text: string; good: boolean } {
  const stream = new Utf8Stream();
  let text = '';
  for (let at = 0; at < bytes.length; at += size) {
    const { text: more, broken } = stream.push(bytes.subarray(at, at + size));
    text += more;
    if (broken) return { text, good: false };
  }
  return { text, good: stream.complete };
}

const size = fc.integer({ min: 1, max: 9 });

describe('UTF-8 in pieces', () => {
  it('is the text that was encoded', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), size, (text, by) => {
        expect(read(Buffer.from(text), by)).toEqual({ text, good: true });
      }),
      { numRuns: 500 },
    );
  });

  it('is taken and refused as it is in one piece, and what stands before the place is not lost', () => {
    const damaged = fc.tuple(fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }), fc.nat(), fc.nat(255));
    fc.assert(
      fc.property(damaged, size, ([text, at, byte], by) => {
        const bytes = Buffer.from(text);
        bytes[at % bytes.length] = byte;
        let whole: string | undefined;
        try {
          whole = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
        } catch {
          whole = undefined;
        }
        const found = read(bytes, by);
        expect(found.good).toBe(whole !== undefined);
        if (whole !== undefined) expect(found.text).toBe(whole);
        // Three bytes before the damaged one may belong to the same character.
        else expect(Buffer.byteLength(found.text)).toBeGreaterThanOrEqual((at % bytes.length) - 3);
      }),
      { numRuns: 1000 },
    );
  });
});
