import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { proverOf, verifyConsistency, verifyInclusion } from '../../../domain/ledger/proof.ts';
import type { TileReader } from '../../../domain/ledger/proof.ts';
import { RightEdge, TILE_WIDTH, edgeWidths } from '../../../domain/ledger/right-edge.ts';
import type { FullTile } from '../../../domain/ledger/right-edge.ts';

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());
const leafHash = (i: number): Uint8Array => sha256(Buffer.from(`\0leaf ${i}`));

/** RFC 9162 §2.1.1, word for word. */
function naiveRoot(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return sha256(new Uint8Array(0));
  if (leaves.length === 1) return leaves[0] as Uint8Array;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return sha256(Buffer.concat([Buffer.of(1), naiveRoot(leaves.slice(0, k)), naiveRoot(leaves.slice(k))]));
}

interface Log {
  leaves: Uint8Array[];
  tiles: FullTile[];
  edge: RightEdge;
  read: TileReader;
}

function logOf(size: number): Log {
  const leaves = Array.from({ length: size }, (_, i) => leafHash(i));
  const edge = new RightEdge(sha256);
  const tiles = edge.append(leaves);
  const read: TileReader = (level, n, width) => {
    const full = tiles.find((t) => t.level === level && t.n === n);
    if (full !== undefined) return Promise.resolve(full.hashes);
    const hashes = level === 0 ? leaves : tiles.filter((t) => t.level === level - 1).map((t) => t.root);
    return Promise.resolve(Buffer.concat(hashes.slice(n * TILE_WIDTH, n * TILE_WIDTH + width)));
  };
  return { leaves, tiles, edge, read };
}

const big = logOf(70_000);
const size = fc.oneof(
  fc.integer({ min: 0, max: 1100 }),
  fc.constantFrom(255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537, 70_000),
);

describe('the right edge', () => {
  it('has the root of the RFC at every size, appended one by one or at once', () => {
    const edge = new RightEdge(sha256);
    const leaves: Uint8Array[] = [];
    for (let n = 0; n <= 600; n++) {
      expect(edge.root()).toEqual(naiveRoot(leaves));
      leaves.push(leafHash(n));
      edge.append([leafHash(n)]);
    }
    expect(Buffer.from(logOf(65_537).edge.root())).toEqual(Buffer.from(naiveRoot(big.leaves.slice(0, 65_537))));
  });

  it('goes on from what its log stores, with the tiles it would have had', () => {
    fc.assert(
      fc.property(size, fc.integer({ min: 0, max: 700 }), (from, more) => {
        const at = Math.min(from, 70_000 - more);
        const whole = logOf(at);
        const levels = edgeWidths(at).map((width, level) => {
          const hashes =
            level === 0 ? whole.leaves : whole.tiles.filter((t) => t.level === level - 1).map((t) => t.root);
          return hashes.slice(hashes.length - width);
        });
        const edge = new RightEdge(sha256, at, levels);
        const fresh = edge.append(big.leaves.slice(at, at + more));
        const expected = logOf(at + more);
        expect(Buffer.from(edge.root())).toEqual(Buffer.from(expected.edge.root()));
        expect(fresh.map(({ level, n }) => `${level}/${n}`)).toEqual(
          expected.tiles.slice(whole.tiles.length).map(({ level, n }) => `${level}/${n}`),
        );
      }),
      { numRuns: 12 },
    );
  });
});

const flip = (bytes: Uint8Array, bit: number): Uint8Array => {
  const copy = Uint8Array.from(bytes);
  copy[(bit >> 3) % copy.length] = (copy[(bit >> 3) % copy.length] as number) ^ (1 << (bit & 7));
  return copy;
};

describe('proofs', () => {
  const prover = proverOf(big.read, sha256);
  const roots = new Map<number, Uint8Array>();
  const rootAt = (n: number): Uint8Array => {
    const root = roots.get(n) ?? naiveRoot(big.leaves.slice(0, n));
    roots.set(n, root);
    return root;
  };
  /** A prover of the tree at a smaller size reads what was there then. */
  const proverAt = (n: number) => (n === 70_000 ? prover : proverOf(logOf(n).read, sha256));

  it('a leaf is shown to be in its tree, and nowhere else', async () => {
    await fc.assert(
      fc.asyncProperty(
        size.filter((n) => n > 0),
        fc.nat(),
        fc.nat(),
        async (n, pick, bit) => {
          const index = pick % n;
          const proof = await proverAt(n).inclusion(index, n);
          const claim = { leafHash: leafHash(index), index, size: n, root: rootAt(n), proof };
          expect(verifyInclusion(claim, sha256)).toBe(true);
          expect(verifyInclusion({ ...claim, leafHash: flip(claim.leafHash, bit) }, sha256)).toBe(false);
          expect(verifyInclusion({ ...claim, root: flip(claim.root, bit) }, sha256)).toBe(false);
          expect(verifyInclusion({ ...claim, proof: [...proof, claim.root] }, sha256)).toBe(false);
          expect(verifyInclusion({ ...claim, index: n }, sha256)).toBe(false);
          if (n > 1) {
            const at = pick % proof.length;
            expect(
              verifyInclusion({ ...claim, proof: proof.with(at, flip(proof[at] as Uint8Array, bit)) }, sha256),
            ).toBe(false);
            expect(verifyInclusion({ ...claim, proof: proof.slice(1) }, sha256)).toBe(false);
            expect(verifyInclusion({ ...claim, index: (index + 1) % n }, sha256)).toBe(false);
          }
        },
      ),
      { numRuns: 12 },
    );
  });

  it('a tree is shown to continue an earlier one, and no other', async () => {
    await fc.assert(
      fc.asyncProperty(size, fc.nat(), fc.nat(), async (n, pick, bit) => {
        const from = pick % (n + 1);
        const proof = await proverAt(n).consistency(from, n);
        const claim = { from, size: n, fromRoot: rootAt(from), root: rootAt(n), proof };
        expect(verifyConsistency(claim, sha256)).toBe(true);
        expect(verifyConsistency({ ...claim, fromRoot: flip(claim.fromRoot, bit) }, sha256)).toBe(false);
        expect(verifyConsistency({ ...claim, proof: [...proof, claim.root] }, sha256)).toBe(false);
        if (from > 0) expect(verifyConsistency({ ...claim, root: flip(claim.root, bit) }, sha256)).toBe(false);
        if (proof.length > 0) {
          const at = pick % proof.length;
          expect(
            verifyConsistency({ ...claim, proof: proof.with(at, flip(proof[at] as Uint8Array, bit)) }, sha256),
          ).toBe(false);
          expect(verifyConsistency({ ...claim, proof: proof.slice(1) }, sha256)).toBe(false);
        }
      }),
      { numRuns: 12 },
    );
  });

  it('what no tree has is refused', async () => {
    await expect(prover.inclusion(5, 5)).rejects.toMatchObject({ code: 'proof_malformed' });
    await expect(prover.consistency(6, 5)).rejects.toMatchObject({ code: 'proof_malformed' });
  });
});
