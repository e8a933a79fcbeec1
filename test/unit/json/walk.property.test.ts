import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StrictJsonError } from '../../../domain/json/error.ts';
import { parseStrictJson } from '../../../domain/json/strict-json.ts';
import { JsonWalker, JsonWalkError } from '../../../domain/json/walk.ts';

/** Puts a document together again that was walked down to `depth`, pushed in pieces of `size`. */
function rebuilt(text: string, depth: number, size: number): { value: unknown; respelled: boolean } {
  const stack: { kind: string; items: Map<string | number, unknown> }[] = [];
  let result: unknown;
  const put = (path: readonly (string | number)[], value: unknown) => {
    if (stack.length === 0) result = value;
    else stack.at(-1)!.items.set(path.at(-1)!, value);
  };
  const walker = new JsonWalker({
    walks: (path) => path.length < depth,
    streams: () => false,
    enter: (_path, kind) => stack.push({ kind, items: new Map() }),
    leave: (path, kind) => {
      const { items } = stack.pop()!;
      put(path, kind === 'array' ? [...items.values()] : Object.fromEntries(items));
    },
    value: (path, raw) => put(path, parseStrictJson(raw)),
    piece: () => undefined,
  });
  for (let at = 0; at < text.length; at += size) walker.push(text.slice(at, at + size));
  if (!walker.complete) throw new JsonWalkError('malformed_json', text.length);
  return { value: result, respelled: walker.respelled };
}

const outcome = (read: () => unknown): unknown => {
  try {
    return { value: read() };
  } catch (error) {
    if (error instanceof JsonWalkError || error instanceof StrictJsonError) return 'refused';
    throw error;
  }
};

const document = fc.oneof(
  fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 })),
  fc.array(fc.jsonValue({ maxDepth: 4 })),
);
const depth = fc.integer({ min: 0, max: 4 });
const size = fc.integer({ min: 1, max: 40 });

describe('a document that is walked', () => {
  it('is the one that is parsed, in pieces of any size', () => {
    fc.assert(
      fc.property(document, depth, size, fc.constantFrom(0, 2), (value, down, by, indent) => {
        const text = JSON.stringify(value, null, indent);
        const parsed = outcome(() => parseStrictJson(text));
        expect(outcome(() => rebuilt(text, down, by).value)).toEqual(parsed);
      }),
      { numRuns: 500 },
    );
  });

  it('is refused where parsing refuses it', () => {
    fc.assert(
      fc.property(
        document,
        depth,
        size,
        fc.nat(),
        fc.constantFrom('', ',', ':', '"', '{', '}', '[', ']', '1', ' ', '\\'),
        (value, down, by, at, mark) => {
          const text = JSON.stringify(value);
          const place = at % (text.length + 1);
          const damaged = text.slice(0, place) + mark + text.slice(place + (mark === '' ? 1 : at % 2));
          const parsed = outcome(() => parseStrictJson(damaged));
          // A number or a word alone has an end only where the text has one.
          if (!/^\s*[[{]/.test(damaged)) return;
          expect(
            outcome(() => rebuilt(damaged, down, by).value),
            damaged,
          ).toEqual(parsed);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('has no member that would be a prototype', () => {
    for (const depth of [0, 1, 2]) expect(outcome(() => rebuilt('[{"__proto__":[]}]', depth, 4))).toBe('refused');
  });

  it('says when it is spelled otherwise, and hands over a long string in pieces', () => {
    expect(rebuilt('{"a":[1,2]}', 2, 3).respelled).toBe(false);
    expect(rebuilt('{"\\u0061":[1,2]}', 2, 3).respelled).toBe(true);
    expect(rebuilt('{"a":[1, 2]}', 2, 3).respelled).toBe(true);
    const pieces: string[] = [];
    const nothing = () => undefined;
    const walker = new JsonWalker({
      walks: () => true,
      streams: (path) => path[0] === 's',
      enter: nothing,
      leave: nothing,
      value: nothing,
      piece: (_path, text) => pieces.push(text),
    });
    for (const part of ['{"s":"ab', 'cd', '', 'ef"', ',"t":1}']) walker.push(part);
    expect([pieces.join(''), walker.complete]).toEqual(['abcdef', true]);
    expect(() => walker.push('x')).toThrow(JsonWalkError);
  });
});
