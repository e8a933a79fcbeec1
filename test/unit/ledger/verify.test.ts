import { describe, expect, it } from 'vitest';
import { LedgerError } from '../../../domain/ledger/error.ts';
import { LogVerifier } from '../../../domain/ledger/verify.ts';
import type { ExpectedRoot, Finding } from '../../../domain/ledger/verify.ts';
import { brief, leafOf } from './log-copy.ts';
import { hex, naiveLeafHash, naiveRoot, reusing } from './naive-tree.ts';

const leaves = Array.from({ length: 600 }, (_, i) => leafOf(i));
const rootAt = (size: number): Uint8Array => naiveRoot(leaves.slice(0, size).map(naiveLeafHash));
const checkpoint = (size: number): ExpectedRoot => ({ size, root: rootAt(size), from: 'checkpoint' });

function findings(given: readonly Uint8Array[], expected: readonly ExpectedRoot[]): string[] {
  const found: Finding[] = [];
  const verifier = new LogVerifier(reusing(), (finding) => found.push(finding));
  for (const each of expected) verifier.expect(each);
  for (const leaf of given) verifier.leaf(leaf);
  verifier.finish();
  return brief(found);
}

describe('leaves in order', () => {
  it('have the root of every size', () => {
    expect(findings(leaves, [600, 0, 1, 255, 256, 257, 599].map(checkpoint))).toStrictEqual([]);
    const verifier = new LogVerifier(reusing(), () => undefined);
    for (const leaf of leaves) verifier.leaf(leaf);
    expect([verifier.size, hex(verifier.root())]).toStrictEqual([600, hex(rootAt(600))]);
  });

  it('may be of any length', () => {
    for (const length of [0, 1, 8192, 16_384, 16_385, 65_535]) {
      const leaf = new Uint8Array(length).fill(7);
      expect(findings([leaf], [{ size: 1, root: naiveLeafHash(leaf), from: 'checkpoint' }])).toStrictEqual([]);
    }
  });

  it('that are altered lie behind the last checkpoint that they agree with', () => {
    for (const at of [0, 100, 255, 256, 511, 599]) {
      const altered = leaves.with(at, leafOf(at + 1));
      const before = [100, 256, 512].findLast((size) => size <= at) ?? 0;
      const after = [100, 256, 512, 600].filter((size) => size > at);
      expect(findings(altered, [100, 256, 512, 600].map(checkpoint))).toStrictEqual(
        after.map((size) => `root_mismatch ${before}+${size - before}`),
      );
    }
  });

  it('that were swapped, left out or added are found', () => {
    const expected = [checkpoint(600)];
    const [a, b] = [leaves[3]!, leaves[400]!];
    expect(findings(leaves.with(3, b).with(400, a), expected)).toStrictEqual(['root_mismatch 0+600']);
    expect(findings(leaves.toSpliced(5, 1), expected)).toStrictEqual(['log_short 599+1']);
    expect(findings(leaves.toSpliced(5, 0, a), expected)).toStrictEqual(['root_mismatch 0+600']);
    expect(findings([], expected)).toStrictEqual(['log_short 0+600']);
  });

  it('that are a rewritten log are not those that were seen', () => {
    const rewritten = leaves.with(10, leafOf(11));
    const now: ExpectedRoot = { size: 600, root: naiveRoot(rewritten.map(naiveLeafHash)), from: 'checkpoint' };
    const seen: ExpectedRoot = { size: 300, root: rootAt(300), from: 'remembered' };
    expect(findings(rewritten, [now, seen])).toStrictEqual(['remembered_mismatch 0+300']);
    expect(findings(leaves, [checkpoint(600), seen])).toStrictEqual([]);
    const ahead: ExpectedRoot = { size: 601, root: rootAt(600), from: 'remembered' };
    expect(findings(leaves, [checkpoint(600), ahead])).toStrictEqual(['log_short 600+1']);
  });

  it('a root is not expected of a size that has passed', () => {
    const verifier = new LogVerifier(reusing(), () => undefined);
    for (const leaf of leaves.slice(0, 10)) verifier.leaf(leaf);
    verifier.expect(checkpoint(10));
    for (const size of [9, 0, -1, 10.5, Number.NaN, 2 ** 53]) {
      expect(() => verifier.expect({ ...checkpoint(10), size })).toThrow(LedgerError);
    }
  });
});
