import { sha256 as portable } from '@noble/hashes/sha2.js';
import { describe, expect, it } from 'vitest';
import { RightEdge } from '../../../domain/ledger/right-edge.ts';
import { SubtreeHasher, emptyRoot, hashAt, leafHash, nodeHash, sameHash } from '../../../domain/ledger/tree.ts';
import { hex, naiveRoot, reusing, row, sha256, someLeaves } from './naive-tree.ts';
import { LEAVES, ROOTS } from './published-tree.ts';

describe.each([
  ['native', sha256],
  ['portable', portable],
])('published hashes, %s', (_, hash) => {
  const text = (value: string) => new TextEncoder().encode(value);

  // transparency-dev/merkle rfc6962/rfc6962_test.go, each also `printf … | sha256sum`.
  it('of nothing, of an empty leaf, of a leaf and of a node', () => {
    expect(hex(emptyRoot(hash))).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(hex(leafHash(text(''), hash))).toBe('6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d');
    expect(hex(leafHash(text('L123456'), hash))).toBe(
      '395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56',
    );
    const [left, right] = [hash(text('left')), hash(text('right'))];
    expect(hex(nodeHash(left, right, hash))).toBe(hex(hash(Uint8Array.of(1, ...left, ...right))));
  });

  it('of the trees over one to eight leaves', () => {
    const edge = new RightEdge(hash);
    const roots = LEAVES.map((leaf) => {
      edge.append([leafHash(Buffer.from(leaf, 'hex'), hash)]);
      return hex(edge.root());
    });
    expect(roots).toStrictEqual(ROOTS);
  });
});

describe('a leaf and a node', () => {
  it('never have one hash, and neighbours have an order', () => {
    const [a, b] = [leafHash(Buffer.from('a'), sha256), leafHash(Buffer.from('b'), sha256)];
    expect(hex(nodeHash(a, b, sha256))).not.toBe(hex(leafHash(row([a, b]), sha256)));
    expect(hex(nodeHash(a, b, sha256))).not.toBe(hex(nodeHash(b, a, sha256)));
  });

  it('are the same only as 32 equal bytes', () => {
    const a = new Uint8Array(32).fill(1);
    expect(sameHash(a, a.slice())).toBe(true);
    for (let bit = 0; bit < 256; bit += 1) {
      const other = a.slice();
      other[bit >> 3]! ^= 1 << (bit & 7);
      expect(sameHash(a, other)).toBe(false);
    }
    expect(sameHash(new Uint8Array(0), new Uint8Array(0))).toBe(false);
    expect(sameHash(a, new Uint8Array(33).fill(1))).toBe(false);
  });
});

describe('a row of subtrees', () => {
  it('has the root of the definition at every width, and with an unfinished tree beside it', () => {
    const hasher = new SubtreeHasher(reusing());
    const leaves = someLeaves(257);
    for (let count = 1; count <= 256; count += 1) {
      expect(hex(hasher.root(row(leaves), count))).toBe(hex(naiveRoot(leaves.slice(0, count))));
      expect(hex(hasher.root(row(leaves), count, leaves[count]))).toBe(hex(naiveRoot(leaves.slice(0, count + 1))));
    }
  });

  it('stays as it was', () => {
    const hashes = row(someLeaves(256));
    const before = hex(hashes);
    new SubtreeHasher(sha256).root(hashes, 256);
    expect(hex(hashes)).toBe(before);
  });
});

it('the right edge grows the same with a hash that answers one array, and keeps no hold of what it was given', () => {
  const leaves = someLeaves(600);
  const edge = new RightEdge(reusing());
  const tiles = leaves.flatMap((leaf) => {
    const given = Uint8Array.from(leaf);
    const full = edge.append([given]);
    given.fill(0);
    return full;
  });
  expect(hex(edge.root())).toBe(hex(naiveRoot(leaves)));
  expect(tiles.map(({ level, n, hashes }) => [level, n, hex(hashes)])).toStrictEqual([
    [0, 0, hex(row(leaves.slice(0, 256)))],
    [0, 1, hex(row(leaves.slice(256, 512)))],
  ]);
  expect(tiles.map(({ root }) => hex(root))).toStrictEqual([
    hex(naiveRoot(leaves.slice(0, 256))),
    hex(naiveRoot(leaves.slice(256, 512))),
  ]);
  expect(hex(hashAt(row(leaves), 2))).toBe(hex(leaves[2]!));
});
