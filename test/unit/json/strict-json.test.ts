import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../../domain/canonical/json.ts';
import { StrictJsonError } from '../../../domain/json/error.ts';
import { MAX_JSON_DEPTH, parseStrictJson } from '../../../domain/json/strict-json.ts';
import { decodeUtf8Strict } from '../../../domain/json/utf8.ts';

function refusal(text: string): { code: string; path: string } {
  try {
    parseStrictJson(text);
  } catch (error) {
    if (error instanceof StrictJsonError) return { code: error.code, path: error.path };
    throw error;
  }
  throw new Error(`accepted ${text}`);
}

const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

describe('strict JSON', () => {
  it('reads what JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), (text) => {
        fc.pre(!text.includes('__proto__') && !text.includes('\\u0000'));
        expect(parseStrictJson(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it('reads back every canonical text as the same value', () => {
    fc.assert(
      fc.property(fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.maxSafeInteger()), (n) => {
        expect(parseStrictJson(canonicalJson(n))).toBe(n === 0 ? 0 : n);
      }),
      { numRuns: 2000 },
    );
  });

  it('agrees with JSON.parse on what is no JSON', () => {
    fc.assert(
      fc.property(
        fc.json({ maxDepth: 3 }),
        fc.nat(),
        fc.constantFrom(...Array.from('{}[],:"\\ 0-.eE+tn')),
        (text, at, char) => {
          const edited = text.slice(0, at % text.length) + char + text.slice((at % text.length) + 1);
          let valid = true;
          try {
            JSON.parse(edited);
          } catch {
            valid = false;
          }
          if (!valid) expect(() => parseStrictJson(edited)).toThrow(StrictJsonError);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it.each([
    '',
    ' ',
    '{',
    '[',
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    '[1,]',
    '[,1]',
    '{,}',
    'tru',
    'nul',
    'truefalse',
    '01',
    '-',
    '1.',
    '.5',
    '1e',
    '+1',
    '"',
    '"a',
    '"\\x"',
    '"\\u12"',
    '"\n"',
    "'a'",
    '{"a":1}{"b":2}',
    '1 2',
    'null null',
    '{}x',
    '[1}',
    '\ufeff{}',
    'NaN',
    'Infinity',
    '// c\n1',
  ])('refuses %j as malformed', (text) => {
    expect(refusal(text)).toEqual({ code: 'malformed_json', path: '' });
  });

  it.each([
    ['{"a":1,"a":1}', 'a'],
    ['{"a":1,"\\u0061":2}', 'a'],
    ['{"evidence":{"list":[{"k":1,"l":2,"k":3}]}}', 'evidence.list[0].k'],
    ['{"a b":1,"a b":2}', '["a b"]'],
  ])('refuses the repeated key in %s', (text, path) => {
    expect(refusal(text)).toEqual({ code: 'repeated_key', path });
  });

  it('takes a key again in another object, and keys that objects inherit', () => {
    expect(parseStrictJson('{"a":{"a":1},"b":{"a":2},"constructor":3,"toString":4}')).toEqual(
      JSON.parse('{"a":{"a":1},"b":{"a":2},"constructor":3,"toString":4}'),
    );
  });

  it.each([
    ['"\\u0000"', ''],
    ['{"evidence":{"note":"a\\u0000b"}}', 'evidence.note'],
    ['{"a":"\\ud800"}', 'a'],
    ['{"a":"\\udc00\\ud800"}', 'a'],
    ['["ok","\ud800"]', '[1]'],
    ['{"x":1,"a\\u0000":1}', '["a\\u0000"]'],
    ['{"\\udfff":1}', '["\\udfff"]'],
    ['{"evidence":{"__proto__":{}}}', 'evidence.__proto__'],
    ['{"\\u005f_proto__":1}', '__proto__'],
    ['{"n":1e400}', 'n'],
    ['{"n":-1e400}', 'n'],
    ['{"n":1e-400}', 'n'],
    ['[9007199254740993]', '[0]'],
    ['[-9007199254740993]', '[0]'],
    ['9007199254740993.0', ''],
    ['9007199254740993e0', ''],
    ['90071992547409930e-1', ''],
    ['12345678901234567890', ''],
  ])('refuses %j as unrepresentable', (text, path) => {
    expect(refusal(text)).toEqual({ code: 'unrepresentable', path });
  });

  it.each([
    '0.1',
    '3.14159265358979',
    '3.14159265358979323846',
    '1e23',
    '6.02214076e23',
    '5e-324',
    '1.7976931348623157e308',
    '0e999',
    '-0.0',
    '9007199254740991',
    '9007199254740992',
    '9007199254740994',
    '18446744073709551616',
    '18446744073709552000',
    '123456789012345678e-10',
    '1E+2',
  ])('reads %s as the nearest double', (text) => {
    expect(parseStrictJson(text)).toBe(Number(text));
  });

  it('answers for hostile numbers in linear time', () => {
    const zeros = '0'.repeat(60_000);
    expect(parseStrictJson(`0.${zeros}1`.slice(0, 200))).toBe(0);
    expect(refusal(`1${zeros}`).code).toBe('unrepresentable');
    expect(refusal(`0.${zeros}1`).code).toBe('unrepresentable');
    expect(parseStrictJson(`9007199254740992.${zeros}`)).toBe(2 ** 53);
  });

  it('bounds the depth', () => {
    expect(() => parseStrictJson(nested(MAX_JSON_DEPTH))).not.toThrow();
    expect(refusal(nested(MAX_JSON_DEPTH + 1))).toEqual({ code: 'too_deep', path: '[0]'.repeat(MAX_JSON_DEPTH) });
    expect(refusal('['.repeat(60_000)).code).toBe('too_deep');
  });

  it('says where the text breaks', () => {
    expect(() => parseStrictJson('{"a": }')).toThrow(expect.objectContaining({ code: 'malformed_json', offset: 6 }));
  });

  it('cuts a long key out of the path', () => {
    const key = 'k'.repeat(5000);
    expect(refusal(`{"${key}":1,"${key}":1}`).path.length).toBeLessThan(100);
  });
});

describe('UTF-8', () => {
  it.each([[[0xff]], [[0x22, 0xc3, 0x28, 0x22]], [[0xed, 0xa0, 0x80]], [[0xc0, 0x80]]])(
    'refuses the bytes %j',
    (bytes) => {
      expect(() => decodeUtf8Strict(Uint8Array.from(bytes))).toThrow(
        expect.objectContaining({ code: 'malformed_json' }),
      );
    },
  );

  it('decodes text and keeps a byte order mark for the parser to refuse', () => {
    expect(decodeUtf8Strict(new TextEncoder().encode('"é😀"'))).toBe('"é😀"');
    expect(() => parseStrictJson(decodeUtf8Strict(Uint8Array.from([0xef, 0xbb, 0xbf, 0x31])))).toThrow(StrictJsonError);
  });
});
