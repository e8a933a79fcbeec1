import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gapsOf, PartialTree } from '../../../domain/ledger/partial-tree.ts';
import { proverOf } from '../../../domain/ledger/proof.ts';
import { RightEdge, TILE_WIDTH } from '../../../domain/ledger/right-edge.ts';

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());
const leafHash = (i: number): Uint8Array => sha256(Buffer.from(`\0leaf ${i}`));

const hex = (bytes: Uint8Array | null): string | null => (bytes === null ? null : Buffer.from(bytes).toString('hex'));

const log = (size: number) => {
  const leaves = Array.from({ length: size }, (_, i) => leafHash(i));
  const edge = new RightEdge(sha256);
  const tiles = edge.append(leaves);
  const prover = proverOf((level, n, width) => {
    const full = tiles.find((t) => t.level === level && t.n === n);
    if (full !== undefined) return Promise.resolve(full.hashes);
    const hashes = level === 0 ? leaves : tiles.filter((t) => t.level === level - 1).map((t) => t.root);
    return Promise.resolve(Buffer.concat(hashes.slice(n * TILE_WIDTH, n * TILE_WIDTH + width)));
  }, sha256);
  return { leaves, root: edge.root(), prover };
};

/** The known leaves of a log: any, or runs of neighbours. */
const known = fc.integer({ min: 1, max: 700 }).chain((size) =>
  fc.record({
    size: fc.constant(size),
    indexes: fc.oneof(
      fc.uniqueArray(fc.integer({ min: 0, max: size - 1 }), { maxLength: 40 }),
      fc
        .tuple(fc.integer({ min: 0, max: size - 1 }), fc.integer({ min: 1, max: size }))
        .map(([from, n]) => Array.from({ length: Math.min(n, size - from) }, (_, i) => from + i)),
    ),
  }),
);

const runsOf = (indexes: readonly number[]): number[] =>
  indexes.flatMap((i) => [i, i + 1]).filter((n, i, all) => all[i - 1] !== n && all[i + 1] !== n);

describe('some leaves of a log and the hashes of the others', () => {
  it('have its root', async () => {
    await fc.assert(
      fc.asyncProperty(known, async ({ size, indexes }) => {
        const { leaves, root, prover } = log(size);
        const sorted = indexes.toSorted((a, b) => a - b);
        const gaps = [...gapsOf(runsOf(sorted), size)];
        const covered = gaps.reduce((n, { from, to }) => n + to - from, 0) + sorted.length;
        expect(covered).toBe(size);
        const others = await Promise.all(gaps.map(({ from, to }) => prover.subtree(from, to, size)));
        const tree = new PartialTree(sha256);
        for (const i of sorted) expect(tree.add(i, leaves[i]!)).toBe(true);
        expect(tree.range).toEqual({ from: sorted[0] ?? 0, to: (sorted.at(-1) ?? -1) + 1 });
        expect(hex(tree.root(size, others))).toBe(hex(root));
        expect(tree.root(size, [...others, root])).toBeNull();
        if (others.length > 0) expect(hex(tree.root(size, others.slice(1)))).not.toBe(hex(root));
        if (sorted.length > 0) {
          const altered = new PartialTree(sha256);
          for (const [n, i] of sorted.entries()) altered.add(i, n === sorted.length >> 1 ? leafHash(-1) : leaves[i]!);
          expect(hex(altered.root(size, others))).not.toBe(hex(root));
        }
      }),
      { numRuns: 150 },
    );
  });

  it('a range takes few hashes, and leaves only come one behind the other', () => {
    const tree = new PartialTree(sha256);
    expect(tree.root(0, [])).toEqual(sha256(new Uint8Array(0)));
    expect(tree.add(5, leafHash(5))).toBe(true);
    for (const index of [5, 4, -1, 6.5, NaN, 2 ** 53]) expect(tree.add(index, leafHash(1))).toBe(false);
    expect(tree.root(5, [leafHash(1)])).toBeNull();
    expect([...gapsOf([], 1000)]).toEqual([{ from: 0, to: 1000 }]);
    expect([...gapsOf([0, 1000], 1000)]).toEqual([]);
    expect([...gapsOf([500, 501], 1024)]).toHaveLength(10);
  });
});
