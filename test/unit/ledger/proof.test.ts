import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LedgerError } from '../../../domain/ledger/error.ts';
import { proverOf, verifyConsistency, verifyInclusion } from '../../../domain/ledger/proof.ts';
import type { ConsistencyClaim, InclusionClaim, Prover } from '../../../domain/ledger/proof.ts';
import { RightEdge } from '../../../domain/ledger/right-edge.ts';
import { leafHash } from '../../../domain/ledger/tree.ts';
import { hex, naiveConsistency, naivePath, naiveRoot, reusing, sha256, someLeaves } from './naive-tree.ts';
import { CONSISTENCY, INCLUSION, LEAVES, ROOTS } from './published-tree.ts';
import argon from './vectors/argon2020.json' with { type: 'json' };

const bytes = (text: string): Uint8Array => Buffer.from(text, 'hex');
const base64 = (text: string): Uint8Array => Buffer.from(text, 'base64');
const includes = (claim: InclusionClaim): boolean => verifyInclusion(claim, reusing());
const extends_ = (claim: ConsistencyClaim): boolean => verifyConsistency(claim, reusing());

/** One bit differs. */
function flipped(hash: Uint8Array, bit: number): Uint8Array {
  const copy = Uint8Array.from(hash);
  copy[(bit >> 3) % copy.length]! ^= 1 << (bit & 7);
  return copy;
}

/** Every way to spoil a list of hashes that leaves it a list of hashes. */
function spoiltProofs(proof: readonly Uint8Array[], bit: number): Uint8Array[][] {
  const extra = new Uint8Array(32).fill(9);
  return [
    ...proof.map((hash, at) => proof.with(at, flipped(hash, bit))),
    ...proof.map((_, at) => proof.toSpliced(at, 1)),
    ...proof.map((hash, at) => proof.with(at, hash.subarray(0, 31))),
    ...proof.map((hash, at) => proof.with(at, Buffer.concat([hash, Buffer.of(0)]))),
    ...proof.slice(1).map((hash, at) => proof.with(at, hash).with(at + 1, proof[at]!)),
    [...proof, extra],
    [extra, ...proof],
    [...proof, new Uint8Array(0)],
  ];
}

describe('published proofs', () => {
  it.each(INCLUSION)('leaf $index of $size', ({ index, size, proof }) => {
    const claim = {
      index,
      size,
      leafHash: leafHash(bytes(LEAVES[index]!), sha256),
      proof: proof.map(bytes),
      root: bytes(ROOTS[size - 1]!),
    };
    expect(includes(claim)).toBe(true);
    for (const spoilt of spoiltProofs(claim.proof, 3)) expect(includes({ ...claim, proof: spoilt })).toBe(false);
  });

  it.each(CONSISTENCY)('$size after $from', ({ from, size, proof }) => {
    const [fromRoot, root] = [bytes(ROOTS[from - 1]!), bytes(ROOTS[size - 1]!)];
    const claim = { from, size, fromRoot, root, proof: proof.map(bytes) };
    expect(extends_(claim)).toBe(true);
    for (const spoilt of spoiltProofs(claim.proof, 4)) expect(extends_({ ...claim, proof: spoilt })).toBe(false);
    if (from !== size) expect(extends_({ ...claim, fromRoot: root, root: fromRoot })).toBe(false);
  });

  it('of a log of 962 million leaves', () => {
    const { size, root, inclusion, consistency } = argon;
    const proof = inclusion.proof.map(base64);
    const leaf = leafHash(base64(inclusion.leaf), sha256);
    const claim = { index: inclusion.index, size, leafHash: leaf, proof, root: base64(root) };
    expect(includes(claim)).toBe(true);
    expect(includes({ ...claim, index: inclusion.index + 1 })).toBe(false);
    const older = {
      from: consistency.first,
      size,
      fromRoot: base64(consistency.first_root),
      root: base64(root),
      proof: consistency.proof.map(base64),
    };
    expect(extends_(older)).toBe(true);
    expect(extends_({ ...older, from: older.from + 1 })).toBe(false);
  });
});

interface Log {
  leaves: Uint8Array[];
  root: Uint8Array;
  prover: Prover;
  /** Tiles that were read. */
  reads: string[];
}

/** A log whose tiles are kept in memory. */
function logOf(size: number): Log {
  const leaves = someLeaves(size);
  const edge = new RightEdge(sha256);
  const tiles = [...edge.append(leaves), ...edge.partials()];
  const stored = new Map(tiles.map(({ level, n, hashes }) => [`${level}/${n}`, hashes]));
  const reads: string[] = [];
  const read = async (level: number, n: number, width: number): Promise<Uint8Array> => {
    reads.push(`${level}/${n}`);
    return stored.get(`${level}/${n}`)!.subarray(0, width * 32);
  };
  return { leaves, root: edge.root(), prover: proverOf(read, reusing()), reads };
}

const largest = logOf(300);
/** A size, an index in it, another size and a bit. */
const sized = fc
  .integer({ min: 1, max: 300 })
  .chain((size) => fc.tuple(fc.constant(size), fc.nat(size - 1), fc.integer({ min: 1, max: size }), fc.nat(255)));
const rootAt = (size: number): Uint8Array => naiveRoot(largest.leaves.slice(0, size));

/** The turns from the root to leaf `m`: what a path is beside its hashes. */
function turns(m: number, size: number): string {
  if (size === 1) return '';
  let k = 1;
  while (k * 2 < size) k *= 2;
  return m < k ? `l${turns(m, k)}` : `r${turns(m - k, size - k)}`;
}

/** The turns to the border after leaf `m`. */
function border(m: number, size: number): string {
  if (m === size) return '.';
  let k = 1;
  while (k * 2 < size) k *= 2;
  return m <= k ? `l${border(m, k)}` : `r${border(m - k, size - k)}`;
}

/** Every number below `size` while trees are small, then a part of them that differs from size to size. */
const indices = (size: number): number[] =>
  Array.from({ length: size }, (_, at) => at).filter((at) => size <= 64 || at + 1 === size || (at + size) % 29 === 0);

describe('an inclusion proof', () => {
  it('is that of the definition, and verifies, for every leaf of every size up to 64', async () => {
    for (let size = 1; size <= 64; size += 1) {
      const leaves = largest.leaves.slice(0, size);
      for (let index = 0; index < size; index += 1) {
        const proof = await largest.prover.inclusion(index, size);
        expect(proof.map(hex)).toStrictEqual(naivePath(index, leaves).map(hex));
        expect(includes({ index, size, leafHash: leaves[index]!, proof, root: rootAt(size) })).toBe(true);
      }
    }
  });

  it('verifies in every size up to 300', async () => {
    for (let size = 65; size <= 300; size += 1) {
      const root = rootAt(size);
      for (const index of indices(size)) {
        const proof = await largest.prover.inclusion(index, size);
        expect(includes({ index, size, leafHash: largest.leaves[index]!, proof, root })).toBe(true);
      }
    }
  });

  it('verifies for no other proof, leaf, index or root, and for no size with another path', async () => {
    await fc.assert(
      fc.asyncProperty(sized, async ([size, index, other, bit]) => {
        const proof = await largest.prover.inclusion(index, size);
        const root = rootAt(size);
        expect(proof.map(hex)).toStrictEqual(naivePath(index, largest.leaves.slice(0, size)).map(hex));
        const claim = { index, size, leafHash: largest.leaves[index]!, proof, root };
        expect(includes(claim)).toBe(true);
        for (const spoilt of spoiltProofs(proof, bit)) expect(includes({ ...claim, proof: spoilt })).toBe(false);
        expect(includes({ ...claim, leafHash: flipped(claim.leafHash, bit) })).toBe(false);
        expect(includes({ ...claim, leafHash: claim.leafHash.subarray(0, 31) })).toBe(false);
        expect(includes({ ...claim, root: flipped(root, bit) })).toBe(false);
        expect(includes({ ...claim, root: new Uint8Array(0) })).toBe(false);
        for (let at = -1; at <= size; at += 1) expect(includes({ ...claim, index: at })).toBe(at === index);
        for (const at of [other, size - 1, size + 1, size * 2, Math.floor(size / 2)]) {
          const samePath = index < at && turns(index, at) === turns(index, size);
          expect(includes({ ...claim, size: at })).toBe(samePath);
        }
        for (const at of [Number.NaN, 0.5, -1, 2 ** 53, Infinity]) {
          expect(includes({ ...claim, index: at })).toBe(false);
          expect(includes({ ...claim, size: at })).toBe(false);
        }
      }),
    );
  });
});

describe('a consistency proof', () => {
  it('is that of the definition, and verifies, for every pair of sizes up to 64', async () => {
    for (let size = 1; size <= 64; size += 1) {
      const leaves = largest.leaves.slice(0, size);
      for (let from = 1; from <= size; from += 1) {
        const proof = await largest.prover.consistency(from, size);
        expect(proof.map(hex)).toStrictEqual(naiveConsistency(from, leaves).map(hex));
        const claim = { from, size, fromRoot: rootAt(from), root: rootAt(size), proof };
        expect(extends_(claim)).toBe(true);
      }
    }
  });

  it('verifies in every size up to 300', async () => {
    const roots = Array.from({ length: 301 }, (_, size) => rootAt(size));
    for (let size = 65; size <= 300; size += 1) {
      for (const from of indices(size).map((at) => at + 1)) {
        const proof = await largest.prover.consistency(from, size);
        const claim = { from, size, fromRoot: roots[from]!, root: roots[size]!, proof };
        expect(extends_(claim)).toBe(true);
      }
    }
  });

  it('verifies for no other proof, older size or root, and for no newer size with another border', async () => {
    await fc.assert(
      fc.asyncProperty(sized, async ([size, other, from, bit]) => {
        const proof = await largest.prover.consistency(from, size);
        expect(proof.map(hex)).toStrictEqual(naiveConsistency(from, largest.leaves.slice(0, size)).map(hex));
        const claim = { from, size, fromRoot: rootAt(from), root: rootAt(size), proof };
        expect(extends_(claim)).toBe(true);
        for (const spoilt of spoiltProofs(proof, bit)) expect(extends_({ ...claim, proof: spoilt })).toBe(false);
        expect(extends_({ ...claim, fromRoot: flipped(claim.fromRoot, bit) })).toBe(false);
        expect(extends_({ ...claim, root: flipped(claim.root, bit) })).toBe(false);
        for (let at = -1; at <= size + 1; at += 1) expect(extends_({ ...claim, from: at })).toBe(at === from);
        for (const at of [other, size - 1, size + 1, size * 2]) {
          const samePath = from <= at && border(from, at) === border(from, size) && at !== from;
          expect(extends_({ ...claim, size: at })).toBe(at === size || samePath);
        }
        for (const at of [Number.NaN, 0.5, -1, 2 ** 53, Infinity]) {
          expect(extends_({ ...claim, from: at })).toBe(false);
          expect(extends_({ ...claim, size: at })).toBe(false);
        }
      }),
    );
  });

  it('is refused between roots that are not hashes, and empty after nothing', () => {
    const none = new Uint8Array(0);
    expect(extends_({ from: 3, size: 3, fromRoot: none, root: none, proof: [] })).toBe(false);
    expect(extends_({ from: 0, size: 0, fromRoot: none, root: none, proof: [] })).toBe(false);
    const claim = { from: 0, size: 3, fromRoot: sha256(none), root: rootAt(3), proof: [] };
    expect(extends_(claim)).toBe(true);
    expect(extends_({ ...claim, fromRoot: rootAt(1) })).toBe(false);
    expect(extends_({ ...claim, proof: [rootAt(1)] })).toBe(false);
    expect(extends_({ ...claim, root: none })).toBe(false);
  });
});

describe('proofs from tiles', () => {
  const log = logOf(70_001);

  it('hold in a tree of three tile levels, each from a handful of tiles read once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(70_000), async (index) => {
        log.reads.length = 0;
        const proof = await log.prover.inclusion(index, 70_001);
        expect(new Set(log.reads).size).toBe(log.reads.length);
        expect(log.reads.length).toBeLessThanOrEqual(5);
        expect(includes({ index, size: 70_001, leafHash: log.leaves[index]!, proof, root: log.root })).toBe(true);
      }),
    );
  });

  it('tie any older tree to it, from one prover also to those between', async () => {
    const sizes = fc.integer({ min: 1, max: 70_001 });
    const rootOf = (size: number): Uint8Array => {
      const edge = new RightEdge(sha256);
      edge.append(log.leaves.slice(0, size));
      return edge.root();
    };
    await fc.assert(
      fc.asyncProperty(sizes, sizes, async (one, other) => {
        const [from, size] = [Math.min(one, other), Math.max(one, other)];
        const proof = await log.prover.consistency(from, size);
        expect(extends_({ from, size, fromRoot: rootOf(from), root: rootOf(size), proof })).toBe(true);
        const whole = await log.prover.consistency(from, 70_001);
        expect(extends_({ from, size: 70_001, fromRoot: rootOf(from), root: log.root, proof: whole })).toBe(true);
      }),
      { numRuns: 10 },
    );
  });

  it('are not made for what the tree lacks, or from a tile that is too narrow', async () => {
    const codeOf = async (proof: Promise<unknown>): Promise<string> =>
      proof.then(
        () => 'made',
        (error: unknown) => (error as LedgerError).code,
      );
    const { prover } = largest;
    for (const [index, size] of [
      [5, 5],
      [-1, 5],
      [0.5, 5],
      [0, 2 ** 53],
      [0, 0],
    ] as const) {
      expect(await codeOf(prover.inclusion(index, size))).toBe('proof_malformed');
    }
    for (const [from, size] of [
      [6, 5],
      [-1, 5],
      [0.5, 5],
      [1, 2 ** 53],
    ] as const) {
      expect(await codeOf(prover.consistency(from, size))).toBe('proof_malformed');
    }
    expect(await prover.consistency(0, 5)).toStrictEqual([]);
    const short = proverOf(async () => new Uint8Array(9 * 32), sha256);
    expect(await codeOf(short.inclusion(0, 10))).toBe('tile_malformed');
    expect(await codeOf(short.inclusion(0, 9))).toBe('made');
  });
});
