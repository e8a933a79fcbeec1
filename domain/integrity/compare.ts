// A file that changed, is missing or was added differs from its baseline; any difference is a violation.
import { hashCanonical } from '../canonical/hash.ts';
import type { Sha256 } from '../canonical/hash.ts';
import { byPath } from './baseline.ts';
import type { FileRecord, IntegrityBaseline } from './baseline.ts';

export type FileFacts = Omit<FileRecord, 'path'>;

export interface FileDifference {
  path: string;
  kind: 'changed' | 'missing' | 'added';
  expected?: FileFacts;
  actual?: FileFacts;
}

/** What a reviewer has seen of the files, hex: SHA-256 of the canonical JSON of {baseline, files}, files by path. */
export const observedDigest = (baseline: string, files: readonly FileRecord[], sha256: Sha256): string =>
  hashCanonical({ baseline, files: [...files].sort(byPath) }, sha256);

const facts = ({ sha256, size, mode }: FileRecord): FileFacts => ({ sha256, size, mode });

const same = (a: FileRecord, b: FileRecord): boolean => a.sha256 === b.sha256 && a.size === b.size && a.mode === b.mode;

function differenceOf(expected: FileRecord, actual: FileRecord | undefined): FileDifference[] {
  const { path } = expected;
  if (actual === undefined) return [{ path, kind: 'missing', expected: facts(expected) }];
  return same(expected, actual) ? [] : [{ path, kind: 'changed', expected: facts(expected), actual: facts(actual) }];
}

/**
 * Every difference, ascending by path; `[]` means the files are what the baseline says.
 * A path observed twice counts once as itself and again as added: two files cannot share one record.
 */
export function compareBaseline(
  baseline: Pick<IntegrityBaseline, 'files'>,
  observed: readonly FileRecord[],
): FileDifference[] {
  const seen = new Map<string, FileRecord>();
  const expected = new Set(baseline.files.map((f) => f.path));
  const added: FileDifference[] = [];
  for (const file of observed) {
    if (!expected.has(file.path) || seen.has(file.path)) {
      added.push({ path: file.path, kind: 'added', actual: facts(file) });
    } else {
      seen.set(file.path, file);
    }
  }
  const differences = [...baseline.files.flatMap((f) => differenceOf(f, seen.get(f.path))), ...added];
  return differences.sort(byPath);
}
