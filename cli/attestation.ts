import type { Claim } from '../domain/attestation/claim.ts';
import type { AttestationDiff } from './answers.ts';
import type { Output } from './output/output.ts';

/** A node's last quote beside its reference values. */
export function showAttestationDiff(out: Output, diff: AttestationDiff): void {
  out.facts([
    ['node', diff.node],
    ['state', diff.state],
    ['reference_version', diff.reference_version],
    ['appraised_at', diff.appraised_at],
    ['passed', diff.passed],
    ...diff.failed.map((claim): [string, string] => ['failed', claimText(claim)]),
    ['observed_digest', diff.observed_digest],
  ]);
  out.table(
    diff.pcrs,
    [
      { head: 'PCR', cell: (p) => p.pcr },
      { head: 'MATCH', cell: (p) => p.match },
      { head: 'QUOTED', cell: (p) => p.quoted },
      { head: 'REFERENCE', cell: (p) => p.reference.join(' or ') },
    ],
    'there are no reference values',
  );
}

const claimText = ({ claim, expected, actual }: Claim): string =>
  expected === undefined ? claim : `${claim}: expected ${expected}, found ${actual ?? 'nothing'}`;
