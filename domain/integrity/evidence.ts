// An integrity_violation carries which files differ: a bounded list and the total, within what a report may carry.
import type { IntegrityBaseline } from './baseline.ts';
import type { FileDifference, FileFacts } from './compare.ts';

/** With paths of up to 3 KiB this keeps the evidence under the 64 KiB of a report. */
export const MAX_LISTED_DIFFERENCES = 16;

export interface IntegrityEvidence {
  baseline: string;
  baseline_version: number;
  root: string;
  differences_total: number;
  differences: { path: string; kind: FileDifference['kind']; expected?: string; actual?: string }[];
}

const spell = ({ sha256, size, mode }: FileFacts): string => `sha256:${sha256} ${size} bytes mode ${mode.toString(8)}`;

/** Evidence of the incident: {baseline, baseline_version, root, differences_total, differences}, at most 3 deep. */
export function integrityEvidence(
  baseline: Pick<IntegrityBaseline, 'baseline' | 'version' | 'root'>,
  differences: readonly FileDifference[],
): IntegrityEvidence {
  return {
    baseline: baseline.baseline,
    baseline_version: baseline.version,
    root: baseline.root,
    differences_total: differences.length,
    differences: differences.slice(0, MAX_LISTED_DIFFERENCES).map(({ path, kind, expected, actual }) => ({
      path,
      kind,
      ...(expected === undefined ? {} : { expected: spell(expected) }),
      ...(actual === undefined ? {} : { actual: spell(actual) }),
    })),
  };
}
