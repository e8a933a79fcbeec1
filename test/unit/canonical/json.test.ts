import { sha256 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CanonicalError } from '../../../domain/canonical/error.ts';
import { fromHex, hashCanonical, isSha256Hex, toHex } from '../../../domain/canonical/hash.ts';
import { canonicalJson } from '../../../domain/canonical/json.ts';

function codeOf(value: unknown): string {
  try {
    canonicalJson(value);
  } catch (error) {
    if (error instanceof CanonicalError) return error.code;
    throw error;
  }
  throw new Error('accepted');
}

describe('RFC 8785 vectors', () => {
  it('§3.2.2 primitives and §3.2.3 sorting', () => {
    const value: unknown = JSON.parse(
      '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],' +
        '"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/","literals":[null,true,false]}',
    );
    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  it('§3.2.4 UTF-8 bytes of the sample', () => {
    const text = canonicalJson({ literals: [null, true, false], string: '\u20ac$\u000f\nA\'B"\\\\"/' });
    expect(toHex(new TextEncoder().encode(text))).toBe(
      '7b226c69746572616c73223a5b6e756c6c2c747275652c66616c73655d2c22737472696e67223a22e282ac245c75303030665c6e412742' +
        '5c225c5c5c5c5c222f227d',
    );
  });

  it('§3.2.3 keys by UTF-16 code units', () => {
    const value = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\ud83d\ude00': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    };
    expect(Object.values(JSON.parse(canonicalJson(value)) as object).slice(1)).toEqual([
      'Carriage Return',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ]);
    expect(canonicalJson({ b: 1, a: 2, 10: 3, 9: 4 })).toBe('{"10":3,"9":4,"a":2,"b":1}');
  });

  it.each([
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['ffefffffffffffff', '-1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['c340000000000000', '-9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['44b52d02c7e14af7', '1.0000000000000001e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef4f', '999999999999999900000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555553', '333333333.3333332'],
    ['41b3de4355555554', '333333333.33333325'],
    ['41b3de4355555555', '333333333.3333333'],
    ['41b3de4355555556', '333333333.3333334'],
    ['41b3de4355555557', '333333333.33333343'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
    ['43143ff3c1cb0959', '1424953923781206.2'],
  ])('appendix B: IEEE 754 %s is written %s', (bits, text) => {
    const bytes = fromHex(bits);
    expect(canonicalJson(new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0))).toBe(text);
  });
});

describe('canonical JSON', () => {
  it('is JSON of the same value, in one spelling whatever the order of keys', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const plain: unknown = JSON.parse(JSON.stringify(value));
        const text = canonicalJson(plain);
        expect(JSON.parse(text)).toEqual(plain);
        expect(canonicalJson(JSON.parse(text))).toBe(text);
        expect(canonicalJson(reversed(plain))).toBe(text);
      }),
    );
  });

  it('sorts many keys as it sorts few', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 80 }), (keys) => {
        const object = Object.fromEntries(keys.filter((k) => k !== '__proto__').map((k) => [k, 0]));
        const sorted = Object.keys(object).sort();
        expect(canonicalJson(object)).toBe(`{${sorted.map((k) => `${JSON.stringify(k)}:0`).join(',')}}`);
      }),
    );
  });

  it('takes objects without a prototype', () => {
    expect(canonicalJson(Object.assign(Object.create(null), { b: 1, a: [] }))).toBe('{"a":[],"b":1}');
  });

  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;
  class Point {
    x = 1;
  }
  class List extends Array {}
  it.each<[string, string, unknown]>([
    ['undefined', 'type_unsupported', undefined],
    ['a function', 'type_unsupported', () => 1],
    ['a symbol', 'type_unsupported', Symbol('a')],
    ['a bigint', 'type_unsupported', { a: 1n }],
    ['toJSON', 'type_unsupported', { toJSON: () => 1 }],
    ['NaN', 'number_not_finite', [Number.NaN]],
    ['Infinity', 'number_not_finite', { a: -Infinity }],
    ['a lone surrogate', 'lone_surrogate', { a: 'x\ud800' }],
    ['a lone surrogate in a key', 'lone_surrogate', { '\udc00': 1 }],
    ['a hole', 'array_hole', [1, , 2]],
    ['an undefined element', 'type_unsupported', [undefined]],
    ['a named array property', 'array_property', Object.assign([1], { x: 1 })],
    ['a hole that a named property hides', 'array_hole', Object.assign([1, , 2], { x: 1 })],
    ['an undefined member', 'undefined_member', { a: undefined }],
    ['a Map', 'not_plain_object', new Map()],
    ['a Set', 'not_plain_object', { a: new Set() }],
    ['a Date', 'not_plain_object', new Date(0)],
    ['bytes', 'not_plain_object', new Uint8Array(1)],
    ['a class instance', 'not_plain_object', new Point()],
    ['an array of a class', 'not_plain_object', new List()],
    ['a boxed string', 'not_plain_object', Object('a')],
    ['an inherited member', 'not_plain_object', Object.create({ a: 1 })],
    ['a symbol key', 'symbol_key', { [Symbol('a')]: 1 }],
    ['a symbol key of an array', 'symbol_key', Object.assign([], { [Symbol('a')]: 1 })],
    ['a hidden property', 'hidden_property', Object.defineProperty({}, 'a', { value: 1 })],
    [
      'an accessor',
      'accessor_property',
      {
        get a() {
          return 1;
        },
      },
    ],
    ['an accessor in an array', 'accessor_property', Object.defineProperty([1], 0, { get: () => 1 })],
    ['a cycle', 'too_deep', cycle],
  ])('refuses %s', (_name, code, value) => {
    expect(codeOf(value)).toBe(code);
  });
});

describe('hash', () => {
  it('is SHA-256 over the canonical UTF-8', () => {
    expect(hashCanonical({}, sha256)).toBe('44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a');
    expect(hashCanonical({ b: 'é', a: 1 }, sha256)).toBe(hashCanonical({ a: 1, b: 'é' }, sha256));
    expect(isSha256Hex(hashCanonical(null, sha256))).toBe(true);
  });

  it('has one spelling for bytes', () => {
    expect(fromHex('00ff')).toEqual(Uint8Array.from([0, 255]));
    for (const text of ['0', 'FF', '0x00', 'zz', ' 00'])
      expect(() => fromHex(text)).toThrow(expect.objectContaining({ code: 'hex_malformed' }));
    expect(isSha256Hex('A'.repeat(64))).toBe(false);
  });
});

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([k, v]) => [k, reversed(v)]),
  );
}
