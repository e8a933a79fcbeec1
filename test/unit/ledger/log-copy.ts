import { CopyVerifier, edgeOf, stepsOf } from '../../../domain/ledger/verify-copy.ts';
import type { ExpectedRoot, Finding } from '../../../domain/ledger/verify.ts';
import { RightEdge } from '../../../domain/ledger/right-edge.ts';
import { entryBundle, tilePath, widthAt } from '../../../domain/ledger/tile.ts';
import { naiveLeafHash, reusing } from './naive-tree.ts';

/** A log as files of c2sp.org/tlog-tiles, by path. */
export interface LogCopy {
  size: number;
  root: Uint8Array;
  files: Map<string, Uint8Array>;
}

export const leafOf = (i: number): Uint8Array => Buffer.from(`{"n":${i},"text":"leaf ${i * 7919}"}`);

/** The log over `leaves`, with its tiles and bundles. */
export function copyOf(leaves: readonly Uint8Array[]): LogCopy {
  const edge = new RightEdge(reusing());
  const tiles = [...edge.append(leaves.map(naiveLeafHash)), ...edge.partials()];
  const files = new Map<string, Uint8Array>(
    tiles.map(({ level, n, hashes }) => [tilePath({ level, n, width: hashes.length / 32 }), Uint8Array.from(hashes)]),
  );
  for (let n = 0; n * 256 < leaves.length; n += 1) {
    const width = widthAt({ level: 'entries', n }, leaves.length);
    files.set(tilePath({ level: 'entries', n, width }), entryBundle(leaves.slice(n * 256, n * 256 + width)));
  }
  return { size: leaves.length, root: edge.root(), files };
}

/** What a verification of the copy finds, in order. */
export function findingsOf(
  { size, root, files }: LogCopy,
  expected: readonly ExpectedRoot[] = [],
  onLeaf?: (index: number, leaf: Uint8Array) => void,
): Finding[] {
  const findings: Finding[] = [];
  const report = (finding: Finding): unknown => findings.push(finding);
  const verifier = new CopyVerifier({ size, root }, { sha256: reusing(), report, ...(onLeaf && { onLeaf }) });
  for (const each of expected) verifier.expect(each);
  const file = (path: string): Uint8Array | null => files.get(path) ?? null;
  verifier.edge(edgeOf(size).map((tile) => file(tilePath(tile))));
  for (const step of stepsOf(size)) {
    verifier.step(
      step,
      step.tiles.map((tile) => file(tilePath(tile))),
      file(tilePath(step.entries)),
    );
  }
  verifier.finish();
  return findings;
}

export const brief = (findings: readonly Finding[]): string[] =>
  findings.map(({ code, at, count }) => `${code} ${at}+${count}`);
