import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LedgerError } from '../../../domain/ledger/error.ts';
import { RightEdge } from '../../../domain/ledger/right-edge.ts';
import {
  entryBundle,
  parseEntryBundle,
  parseTilePath,
  tilePath,
  tilesOf,
  widthAt,
} from '../../../domain/ledger/tile.ts';
import { hashAt } from '../../../domain/ledger/tree.ts';
import { hex, naiveRoot, sha256, someLeaves } from './naive-tree.ts';

const codeOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof LedgerError) return error.code;
    throw error;
  }
  return 'accepted';
};

describe('the path of a tile', () => {
  // The index is c2sp.org/tlog-tiles' own example.
  it.each([
    ['0/x001/x234/067', { level: 0, n: 1234067, width: 256 }],
    ['63/000', { level: 63, n: 0, width: 256 }],
    ['0/273.p/112', { level: 0, n: 273, width: 112 }],
    ['1/001.p/17', { level: 1, n: 1, width: 17 }],
    ['2/000.p/1', { level: 2, n: 0, width: 1 }],
    ['entries/x001/x234/067.p/8', { level: 'entries', n: 1234067, width: 8 }],
    ['entries/999', { level: 'entries', n: 999, width: 256 }],
    ['entries/x001/000', { level: 'entries', n: 1000, width: 256 }],
  ] as const)('%s', (path, name) => {
    expect(parseTilePath(path)).toStrictEqual(name);
    expect(tilePath(name)).toBe(path);
  });

  it('is read back whatever the tile', () => {
    const numbers = fc.oneof(fc.nat(3_000_000), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }));
    const levels = fc.oneof(fc.nat(63), fc.constant('entries' as const));
    fc.assert(
      fc.property(levels, numbers, fc.integer({ min: 1, max: 256 }), (level, n, width) => {
        expect(parseTilePath(tilePath({ level, n, width }))).toStrictEqual({ level, n, width });
      }),
    );
  });

  it.each([
    '',
    '0',
    '0/',
    '/0/000',
    'tile/0/000',
    '0/000/',
    '00/000',
    '01/000',
    '64/000',
    '-1/000',
    '8/0/000',
    'data/000',
    '0/1',
    '0/0000',
    '0/x001',
    '0/001/000',
    '0/x000/001',
    '0/x1/000',
    '0/X001/000',
    '0/000.p',
    '0/000.p/',
    '0/000.p/0',
    '0/000.p/08',
    '0/000.p/256',
    '0/000.p/999',
    '0/000.p/+1',
    '0/000.p/1/',
    '0/000\n',
    '0/..',
    'entries/000.p/256',
    '0/x009/x007/x199/x254/x740/992',
    '0/x999/x999/x999/x999/x999/x999/999',
  ])('is not %j', (path) => expect(codeOf(() => parseTilePath(path))).toBe('tile_path_malformed'));
});

/** The hash over leaves `[n * 256^l, (n + 1) * 256^l)`, from the definition of a tile. */
const hashOfTile = (leaves: readonly Uint8Array[], level: number, n: number): string =>
  hex(naiveRoot(leaves.slice(n * 256 ** level, (n + 1) * 256 ** level)));

describe('the tiles of a tree', () => {
  it('of 70,000 and of 256 leaves are those of the specification', () => {
    const tiles = [...tilesOf(70_000)];
    const full = (level: number) => tiles.filter((t) => t.level === level && t.width === 256).length;
    expect([full(0), full(1), full(2)]).toStrictEqual([273, 1, 0]);
    expect(tiles.filter((t) => t.width < 256)).toStrictEqual([
      { level: 0, n: 273, width: 112 },
      { level: 1, n: 1, width: 17 },
      { level: 2, n: 0, width: 1 },
    ]);
    expect([...tilesOf(256)]).toStrictEqual([
      { level: 0, n: 0, width: 256 },
      { level: 1, n: 0, width: 1 },
    ]);
    expect([...tilesOf(0)]).toStrictEqual([]);
    expect(widthAt({ level: 'entries', n: 273 }, 70_000)).toBe(112);
    expect(widthAt({ level: 0, n: 274 }, 70_000)).toBe(0);
    expect(widthAt({ level: 63, n: 0 }, Number.MAX_SAFE_INTEGER)).toBe(0);
  });

  it('are, complete ones as they become it and partial ones at the edge, those of the definition', () => {
    const leaves = someLeaves(1100);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 6 }), (rounds) => {
        const edge = new RightEdge(sha256);
        const full = rounds.flatMap((count) => edge.append(leaves.slice(edge.size, edge.size + count)));
        const tiles = [...full, ...edge.partials()];
        const named = tiles.map(({ level, n, hashes }) => ({ level, n, width: hashes.length / 32 }));
        const order = (a: { level: number; n: number }, b: { level: number; n: number }) =>
          a.level - b.level || a.n - b.n;
        expect(named.sort(order)).toStrictEqual([...tilesOf(edge.size)]);
        for (const { level, n, hashes } of tiles) {
          for (let at = 0; at < hashes.length / 32; at += level === 0 ? 37 : 1) {
            expect(hex(hashAt(hashes, at))).toBe(hashOfTile(leaves, level, n * 256 + at));
          }
        }
        expect(hex(edge.root())).toBe(hex(naiveRoot(leaves.slice(0, edge.size))));
      }),
      { numRuns: 30 },
    );
  });

  it('are not grown from an edge that is not what the size says', () => {
    const [a, b] = someLeaves(2) as [Uint8Array, Uint8Array];
    expect(codeOf(() => new RightEdge(sha256, 257, [[a], [b]]))).toBe('accepted');
    for (const levels of [[], [[a]], [[a, a], [b]], [[a], []], [[a], [b], []]]) {
      expect(codeOf(() => new RightEdge(sha256, 257, levels))).toBe('tile_malformed');
    }
  });
});

describe('an entry bundle', () => {
  const leaves = fc.array(fc.uint8Array({ maxLength: 600 }), { minLength: 1, maxLength: 256 });

  it('has each leaf behind its length, two bytes, the high one first', () => {
    const bytes = entryBundle([Buffer.from('ab'), new Uint8Array(0), new Uint8Array(258).fill(7)]);
    expect(hex(bytes)).toBe(`0002616200000102${'07'.repeat(258)}`);
  });

  it('is read back, and is refused when it ends within a leaf', () => {
    fc.assert(
      fc.property(leaves, (list) => {
        const bytes = entryBundle(list);
        expect(parseEntryBundle(bytes).map((leaf) => [...leaf])).toStrictEqual(list.map((leaf) => [...leaf]));
        expect(codeOf(() => parseEntryBundle(bytes.subarray(0, -1)))).toBe('bundle_malformed');
        expect(codeOf(() => parseEntryBundle(Buffer.concat([bytes, Buffer.of(0)])))).toBe('bundle_malformed');
      }),
    );
  });

  it('has no leaf that its length cannot say', () => {
    expect(entryBundle([new Uint8Array(65_535)])).toHaveLength(65_537);
    expect(codeOf(() => entryBundle([new Uint8Array(65_536)]))).toBe('bundle_malformed');
  });
});
