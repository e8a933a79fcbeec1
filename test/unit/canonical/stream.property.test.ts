import fc from 'fast-check';
import { expect, it } from 'vitest';
import { canonicalJson } from '../../../domain/canonical/json.ts';
import { canonicalPieces, streamedArray, streamedObject, streamedValue } from '../../../domain/canonical/stream.ts';
import type { Streamed } from '../../../domain/canonical/stream.ts';

async function* pagesOf(elements: unknown[], size: number): AsyncGenerator<string[]> {
  yield [];
  for (let at = 0; at < elements.length; at += size) yield elements.slice(at, at + size).map(canonicalJson);
}

/** The same value, its arrays paged and its objects member by member, down to `depth`. */
function streamed(value: unknown, depth: number, size: number): Streamed {
  if (depth === 0 || typeof value !== 'object' || value === null) return streamedValue(value);
  if (Array.isArray(value)) return streamedArray(pagesOf(value, size));
  const members = Object.entries(value).map(([key, member]): [string, Streamed] => [
    key,
    streamed(member, depth - 1, size),
  ]);
  return streamedObject(Object.fromEntries(members));
}

it('a value in pieces has the canonical text of the whole', async () => {
  const json = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }));
  await fc.assert(
    fc.asyncProperty(
      json,
      fc.integer({ min: 0, max: 3 }),
      fc.integer({ min: 1, max: 4 }),
      async (value, depth, size) => {
        let text = '';
        for await (const piece of canonicalPieces(streamed(value, depth, size))) text += piece;
        expect(text).toBe(canonicalJson(value));
      },
    ),
    { numRuns: 500 },
  );
});
