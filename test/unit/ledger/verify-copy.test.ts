import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { edgeOf, stepsOf } from '../../../domain/ledger/verify-copy.ts';
import { parseTilePath, tilePath, tilesOf } from '../../../domain/ledger/tile.ts';
import { brief, copyOf, findingsOf, leafOf } from './log-copy.ts';
import type { LogCopy } from './log-copy.ts';

const logOf = (size: number): LogCopy => copyOf(Array.from({ length: size }, (_, i) => leafOf(i)));
const small = logOf(700);
/** Has complete tiles of two levels and an edge of three. */
const large = logOf(66_100);

const withFile = (log: LogCopy, path: string, bytes: Uint8Array | null): LogCopy => {
  const files = new Map(log.files);
  if (bytes === null) files.delete(path);
  else files.set(path, bytes);
  return { ...log, files };
};

function flipped(log: LogCopy, path: string, bit: number): LogCopy {
  const bytes = Uint8Array.from(log.files.get(path)!);
  bytes[bit >> 3]! ^= 1 << (bit & 7);
  return withFile(log, path, bytes);
}

/** Which leaf of a bundle the byte at `offset` belongs to, and whether it is of its length. */
function placeInBundle(bytes: Uint8Array, offset: number): { leaf: number; ofLength: boolean } {
  let [leaf, from] = [0, 0];
  for (;;) {
    const end = from + 2 + bytes[from]! * 256 + bytes[from + 1]!;
    if (offset < end) return { leaf, ofLength: offset < from + 2 };
    from = end;
    leaf += 1;
  }
}

/** What one flipped bit has to be found as: by the first finding, and where that is all, by no other. */
function expectFound(log: LogCopy, path: string, bit: number): void {
  const findings = brief(findingsOf(flipped(log, path, bit)));
  const { level, n } = parseTilePath(path);
  if (level !== 'entries') {
    const under = 256 ** level;
    expect(findings).toStrictEqual([`tile_altered ${(n * 256 + Math.floor(bit / 256)) * under}+${under}`]);
    return;
  }
  const { leaf, ofLength } = placeInBundle(log.files.get(path)!, bit >> 3);
  if (ofLength) expect(findings[0]).toMatch(new RegExp(`^(bundle_malformed|leaf_altered) ${n * 256 + leaf}\\+`));
  else {
    const root = findings.filter((each) => each.startsWith('root_mismatch'));
    expect(root).toStrictEqual([`root_mismatch 0+${log.size}`]);
    expect(findings.filter((each) => !root.includes(each))).toStrictEqual([`leaf_altered ${n * 256 + leaf}+1`]);
  }
}

describe('a whole copy', () => {
  it.each([0, 1, 255, 256, 257, 512, 700])('of %i leaves has nothing to be found', (size) => {
    expect(findingsOf(logOf(size))).toStrictEqual([]);
  });

  it('of three levels of tiles neither', () => {
    expect(findingsOf(large)).toStrictEqual([]);
  });

  it('is read whole, each file once', () => {
    for (const log of [small, large]) {
      const read = [
        ...edgeOf(log.size),
        ...[...stepsOf(log.size)].flatMap(({ tiles, entries }) => [...tiles, entries]),
      ];
      expect(read.map(tilePath).sort()).toStrictEqual([...log.files.keys()].sort());
      const hashTiles = read.filter(({ level }) => level !== 'entries').map(tilePath);
      expect(hashTiles.sort()).toStrictEqual([...tilesOf(log.size)].map(tilePath).sort());
    }
  });

  it('hands on every leaf in order', () => {
    const seen: string[] = [];
    findingsOf(small, [], (index, leaf) => seen.push(`${index} ${Buffer.from(leaf).toString()}`));
    expect(seen).toStrictEqual(Array.from({ length: 700 }, (_, i) => `${i} ${Buffer.from(leafOf(i)).toString()}`));
  });
});

describe('one flipped bit', () => {
  const bits = (log: LogCopy, path: string) => fc.nat(log.files.get(path)!.length * 8 - 1);
  const places = (log: LogCopy) =>
    fc.constantFrom(...log.files.keys()).chain((path) => fc.tuple(fc.constant(path), bits(log, path)));

  it('in any of 1,000 places is found where it is', () => {
    fc.assert(
      fc.property(places(small), ([path, bit]) => expectFound(small, path, bit)),
      { numRuns: 1000 },
    );
  });

  it('in any file of a copy with three levels is found where it is', () => {
    for (const path of ['2/000.p/1', '1/000', '1/001.p/2', '0/258.p/52', '0/000', '0/255', '0/256', 'entries/255']) {
      expectFound(large, path, 37);
    }
    const last = large.files.get('1/000')!.length * 8 - 1;
    expectFound(large, '1/000', last);
  });

  it('in the root of the checkpoint leaves nothing that has it', () => {
    const root = Uint8Array.from(small.root);
    root[31]! ^= 1;
    expect(brief(findingsOf({ ...small, root }))).toStrictEqual(['root_mismatch 0+700']);
  });
});

describe('several changes', () => {
  it('never pass, wherever they are', () => {
    const changes = fc.array(
      fc.constantFrom(...small.files.keys()).chain((path) => fc.tuple(fc.constant(path), fc.nat(20_000), fc.nat(255))),
      { minLength: 1, maxLength: 6 },
    );
    fc.assert(
      fc.property(changes, (list) => {
        const files = new Map([...small.files].map(([path, bytes]) => [path, Uint8Array.from(bytes)]));
        for (const [path, at, value] of list) files.get(path)![at % files.get(path)!.length] = value;
        const changed = [...files].some(([path, bytes]) => Buffer.compare(bytes, small.files.get(path)!) !== 0);
        expect(findingsOf({ ...small, files }).length > 0).toBe(changed);
      }),
      { numRuns: 200 },
    );
  });

  it('of leaves in several tiles are each named', () => {
    const leaves = Array.from({ length: 700 }, (_, i) => leafOf([3, 4, 300, 699].includes(i) ? i + 1000 : i));
    const changed = { ...small, files: new Map([...small.files, ...bundlesOf(copyOf(leaves))]) };
    expect(brief(findingsOf(changed))).toStrictEqual([
      'leaf_altered 3+1',
      'leaf_altered 4+1',
      'leaf_altered 300+1',
      'root_mismatch 0+700',
      'leaf_altered 699+1',
    ]);
  });

  it('of a leaf and its tile alike narrow to the leaves under one hash of the tile above', () => {
    const forged = copyOf(Array.from({ length: 700 }, (_, i) => leafOf(i === 300 ? 1000 : i)));
    const files = new Map([...small.files, ['0/001', forged.files.get('0/001')!], ...bundlesOf(forged)]);
    expect(brief(findingsOf({ ...small, files }))).toStrictEqual(['leaves_altered 256+256', 'root_mismatch 0+700']);
  });

  it('of a leaf and all tiles above it still lack the root of the checkpoint', () => {
    const forged = copyOf(Array.from({ length: 700 }, (_, i) => leafOf(i === 300 ? 1000 : i)));
    expect(brief(findingsOf({ ...forged, root: small.root }))).toStrictEqual(['root_mismatch 0+700']);
    const seen = { size: 700, root: small.root, from: 'remembered' } as const;
    expect(brief(findingsOf(forged, [seen]))).toStrictEqual(['remembered_mismatch 0+700']);
  });

  it('of a leaf and of the tile above its own name both', () => {
    const altered = flipped(flipped(large, 'entries/002', 40), '1/000', 100 * 256);
    expect(brief(findingsOf(altered))).toStrictEqual([
      `leaf_altered 512+1`,
      `leaves_altered 0+65536`,
      ...['tile_mismatch 512+256', 'tile_mismatch 25600+256'],
      'root_mismatch 0+66100',
    ]);
  });
});

const bundlesOf = (log: LogCopy): [string, Uint8Array][] =>
  [...log.files].filter(([path]) => path.startsWith('entries/'));

describe('a copy with gaps', () => {
  it('names each file that is missing, and nothing else where the others make up for it', () => {
    for (const path of small.files.keys()) {
      const { level, n, width } = parseTilePath(path);
      const under = level === 'entries' ? 1 : 256 ** level;
      const code = level === 'entries' ? 'bundle_missing' : 'tile_missing';
      expect(brief(findingsOf(withFile(small, path, null)))).toStrictEqual([
        `${code} ${n * 256 * under}+${width * under}`,
      ]);
    }
    expect(brief(findingsOf(withFile(large, '1/000', null)))).toStrictEqual(['tile_missing 0+65536']);
  });

  it('names a file that is too short or too long', () => {
    for (const [path, bytes] of small.files) {
      const { level, n, width } = parseTilePath(path);
      for (const other of [bytes.subarray(0, -1), Buffer.concat([bytes, Buffer.of(0)]), new Uint8Array(0)]) {
        const [first] = findingsOf(withFile(small, path, other));
        expect(first?.code).toBe(level === 'entries' ? 'bundle_malformed' : 'tile_malformed');
        const under = level === 'entries' ? 1 : 256 ** level;
        expect(first!.at).toBeGreaterThanOrEqual(n * 256 * under);
        expect(first!.at + first!.count).toBe((n * 256 + width) * under);
      }
    }
  });

  it('still narrows an altered leaf when its tile is gone', () => {
    const altered = withFile(flipped(small, 'entries/001', 40), '0/001', null);
    expect(brief(findingsOf(altered))).toStrictEqual([
      'tile_missing 256+256',
      'leaves_altered 256+256',
      'root_mismatch 0+700',
    ]);
  });

  it('is found short where bundle and tile are gone', () => {
    const gone = withFile(withFile(small, 'entries/001', null), '0/001', null);
    expect(brief(findingsOf(gone))).toStrictEqual([
      'tile_missing 256+256',
      'bundle_missing 256+256',
      'root_mismatch 0+700',
    ]);
  });

  it('names an altered tile also where the last leaves under it are gone', () => {
    const gone = withFile(withFile(flipped(large, '1/000', 100 * 256), 'entries/255', null), '0/255', null);
    expect(brief(findingsOf(gone))).toStrictEqual([
      'tile_missing 65280+256',
      'bundle_missing 65280+256',
      'leaves_altered 0+65536',
      'tile_mismatch 25600+256',
      'tile_mismatch 65280+256',
      'root_mismatch 0+66100',
    ]);
  });

  it('without any tiles is judged by its leaves alone', () => {
    const files = new Map(bundlesOf(small));
    const missing = [...small.files.keys()].length - files.size;
    const findings = brief(findingsOf({ ...small, files }));
    expect(findings).toHaveLength(missing);
    expect(new Set(findings.map((each) => each.split(' ')[0]))).toStrictEqual(new Set(['tile_missing']));
  });
});
