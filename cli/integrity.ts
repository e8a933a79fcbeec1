import type { FileFacts } from '../domain/integrity/compare.ts';
import type { IntegrityDiff } from './answers.ts';
import type { Output } from './output/output.ts';
import { EXIT } from './exit-codes.ts';
import type { ExitCode } from './exit-codes.ts';

export const DEFAULT_BASELINE = 'protected';

/** What a check found: yes when it passed. */
export function answerDiff(out: Output, body: IntegrityDiff): ExitCode {
  out.answer(body, () => {
    out.facts([
      ['baseline', body.baseline],
      ['baseline_version', body.baseline_version],
      ['checked_at', body.checked_at],
      ['passed', body.passed],
      ['differences', body.differences_total],
    ]);
    if (body.differences.length > 0)
      out.table(
        body.differences,
        [
          { head: 'PATH', cell: (d) => d.path },
          { head: 'KIND', cell: (d) => d.kind },
          { head: 'EXPECTED', cell: (d) => factsText(d.expected) },
          { head: 'ACTUAL', cell: (d) => factsText(d.actual) },
        ],
        '',
      );
    const unseen = body.differences_total - body.differences.length;
    if (unseen > 0) out.note(`${unseen} more differences are not listed`);
  });
  return body.passed === true ? EXIT.done : EXIT.no;
}

/** The shortest text that tells two versions of a file apart. */
function factsText(facts: FileFacts | undefined): string | undefined {
  if (facts === undefined) return undefined;
  return `${facts.sha256.slice(0, 12)} ${facts.size} bytes ${facts.mode.toString(8)}`;
}
