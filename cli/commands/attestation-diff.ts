import type { AttestationDiff } from '../answers.ts';
import { showAttestationDiff } from '../attestation.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';

export const command = defineCommand({
  name: 'attestation diff',
  about: "Compare a node's last quote with its reference values, PCR by PCR",
  notes: 'Exit code 0 when its last appraisal passed, else 1. An approval names observed_digest as what was reviewed.',
  operands: { node: { about: 'the name of the node' } },
  run: async ({ operands: { node } }, { client, out }) => {
    const { body } = await client.get<AttestationDiff>('/v1/attestation/diff', { query: { node } });
    out.answer(body, () => showAttestationDiff(out, body));
    return body.passed === true ? EXIT.done : EXIT.no;
  },
});
