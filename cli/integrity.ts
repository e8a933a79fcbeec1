import type { FileFacts } from '../domain/integrity/compare.ts';
import type { IntegrityDiff } from './answers.ts';
import type { Output } from './output/output.ts';
import { EXIT } from './exit-codes.ts';
import type { ExitCode } from './exit-codes.ts';

export const DEFAULT_BASELINE = 'protected';

/** What a check found: yes when it passed. */
export function answerDiff(out: Output, body: IntegrityDiff): ExitCode {
  out.answer(body, () => showIntegrityDiff(out, body));
  return body.passed === true ? EXIT.done : EXIT.no;
}

/** What the last check of a baseline found. */
export function showIntegrityDiff(out: Output, diff: IntegrityDiff): void {
  out.facts([
    ['baseline', diff.baseline],
    ['baseline_version', diff.baseline_version],
    ['checked_at', diff.checked_at],
    ['passed', diff.passed],
    ['differences', diff.differences_total],
    ['observed_digest', diff.observed_digest],
  ]);
  if (diff.differences.length > 0)
    out.table(
      diff.differences,
      [
        { head: 'PATH', cell: (d) => d.path },
        { head: 'KIND', cell: (d) => d.kind },
        { head: 'EXPECTED', cell: (d) => factsText(d.expected) },
        { head: 'ACTUAL', cell: (d) => factsText(d.actual) },
      ],
      '',
    );
  const unseen = diff.differences_total - diff.differences.length;
  if (unseen > 0) out.note(`${unseen} more differences are not listed`);
}

/** The shortest text that tells two versions of a file apart. */
function factsText(facts: FileFacts | undefined): string | undefined {
  if (facts === undefined) return undefined;
  return `${facts.sha256.slice(0, 12)} ${facts.size} bytes ${facts.mode.toString(8)}`;
}
