import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { askedRange, isUnchanged, sentRange } from '../../../domain/registry/range.ts';

const etag = '"sha256:aa"';
const ask = (header: string | undefined, size: number, ifRange?: string) => askedRange(header, size, { ifRange, etag });

describe('a Range header', () => {
  it.each([
    [undefined, 10, 'whole'],
    ['bytes=0-0', 10, [0, 0]],
    ['bytes=9-', 10, [9, 9]],
    ['bytes=-3', 10, [7, 9]],
    ['bytes=-99', 10, [0, 9]],
    ['Bytes = 2-3', 10, [2, 3]],
    ['bytes=5-99999999999999999999', 10, [5, 9]],
    ['bytes=10-', 10, 'unsatisfiable'],
    ['bytes=-0', 10, 'unsatisfiable'],
    ['bytes=0-0', 0, 'unsatisfiable'],
    ['bytes=-1', 0, 'unsatisfiable'],
    ['bytes=3-2', 10, 'whole'],
    ['bytes=0-1,3-4', 10, 'whole'],
    ['bytes=-', 10, 'whole'],
    ['bytes=a-b', 10, 'whole'],
    ['items=0-1', 10, 'whole'],
    ['bytes=0x1-2', 10, 'whole'],
  ])('%s of %i bytes', (header, size, expected) => {
    const asked = ask(header, size);
    expect(asked.kind === 'part' ? [asked.first, asked.last] : asked.kind).toEqual(expected);
  });

  it('of another entity asks for all of this one', () => {
    expect(ask('bytes=0-1', 10, etag).kind).toBe('part');
    expect(ask('bytes=0-1', 10, `W/${etag}`).kind).toBe('whole');
    expect(ask('bytes=0-1', 10, '"other"').kind).toBe('whole');
  });

  it('never names a byte that is not there, whatever it says', () => {
    const number = fc.oneof(fc.nat(20), fc.maxSafeNat(), fc.constant(''));
    const spec = fc.tuple(number, number).map(([from, to]) => `bytes=${from}-${to}`);
    fc.assert(
      fc.property(
        fc.oneof(
          spec,
          fc.string(),
          fc.string().map((s) => `bytes=${s}`),
        ),
        fc.nat(15),
        (header, size) => {
          const asked = ask(header, size);
          if (asked.kind !== 'part') return;
          expect(asked.first).toBeGreaterThanOrEqual(0);
          expect(asked.last).toBeGreaterThanOrEqual(asked.first);
          expect(asked.last).toBeLessThan(size);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('that names bytes names the ones between', () => {
    fc.assert(
      fc.property(fc.nat(50), fc.nat(50), fc.integer({ min: 1, max: 40 }), (a, b, size) => {
        const [first, last] = [Math.min(a, b), Math.max(a, b)];
        const asked = ask(`bytes=${first}-${last}`, size);
        const there = Array.from({ length: size }, (_, i) => i).filter((i) => i >= first && i <= last);
        const named = asked.kind === 'part' ? there.filter((i) => i >= asked.first && i <= asked.last) : [];
        expect(named).toEqual(there);
        expect(asked.kind === 'part' ? asked.last - asked.first + 1 : 0).toBe(there.length);
      }),
    );
  });
});

it('If-None-Match names it weakly or with others', () => {
  expect(['*', etag, `W/${etag}`, `"x", ${etag}`].map((header) => isUnchanged(header, etag))).not.toContain(false);
  expect([undefined, '"x"', ''].map((header) => isUnchanged(header, etag))).not.toContain(true);
});

it('Content-Range says where a part belongs', () => {
  expect(sentRange('bytes 0-4/5')).toEqual({ first: 0, last: 4, size: 5 });
  for (const wrong of [undefined, 'bytes 1-0/5', 'bytes 0-5/5', 'bytes */5', 'bytes 0-4/*', '0-4/5', 'bytes 0-4/5, 6'])
    expect(sentRange(wrong)).toBeUndefined();
});
