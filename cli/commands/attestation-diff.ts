import type { Claim } from '../../domain/attestation/claim.ts';
import type { AttestationDiff } from '../answers.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';

export const command = defineCommand({
  name: 'attestation diff',
  about: "Compare a node's last quote with its reference values, PCR by PCR",
  notes: 'Exit code 0 when its last appraisal passed, else 1.',
  operands: { node: { about: 'the name of the node' } },
  run: async ({ operands: { node } }, { client, out }) => {
    const { body } = await client.get<AttestationDiff>('/v1/attestation/diff', { query: { node } });
    out.answer(body, () => {
      out.facts([
        ['node', body.node],
        ['state', body.state],
        ['reference_version', body.reference_version],
        ['appraised_at', body.appraised_at],
        ['passed', body.passed],
        ...body.failed.map((claim): [string, string] => ['failed', claimText(claim)]),
      ]);
      out.table(
        body.pcrs,
        [
          { head: 'PCR', cell: (p) => p.pcr },
          { head: 'MATCH', cell: (p) => p.match },
          { head: 'QUOTED', cell: (p) => p.quoted },
          { head: 'REFERENCE', cell: (p) => p.reference.join(' or ') },
        ],
        'there are no reference values',
      );
    });
    return body.passed === true ? EXIT.done : EXIT.no;
  },
});

const claimText = ({ claim, expected, actual }: Claim): string =>
  expected === undefined ? claim : `${claim}: expected ${expected}, found ${actual ?? 'nothing'}`;
