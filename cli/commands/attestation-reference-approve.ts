import type { AttestationDiff } from '../answers.ts';
import { APPROVAL_FLAGS, reviewedDigest } from '../approval.ts';
import { showAttestationDiff } from '../attestation.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';

const NAME = 'attestation reference approve';

export const command = defineCommand({
  name: NAME,
  about: 'Take the quoted value of a PCR into the reference values',
  notes:
    'Needs an open attestation failure or a maintenance ticket. Without --reviewed it shows `attestation diff` and asks; refused when another value was quoted since.',
  operands: { node: { about: 'the name of the node' } },
  flags: { pcr: { kind: 'integer', required: true, about: 'the number of the PCR' }, ...APPROVAL_FLAGS },
  run: async ({ operands: { node }, flags }, { client, out, ask }) => {
    const { pcr, reason, ticket } = flags;
    const quoted = ({ pcrs }: AttestationDiff) => pcrs.find((p) => p.pcr === pcr)?.quoted ?? 'not quoted';
    const reviewed = await reviewedDigest(
      flags,
      { out, ask },
      {
        command: NAME,
        read: async () => (await client.get<AttestationDiff>('/v1/attestation/diff', { query: { node } })).body,
        show: (diff) => showAttestationDiff(out, diff),
        question: (diff) => `take ${quoted(diff)} as the value of PCR ${pcr} of ${node}?`,
        otherwise: 'there is no quote of the node',
      },
    );
    if (reviewed === undefined) return EXIT.no;
    const approval = { node, pcr, reason, reviewed, ...(ticket === undefined ? {} : { ticket }) };
    const { body } = await client.post<{ version: number }>('/v1/attestation/reference/approve', approval);
    out.answer(body, () => out.facts([['reference_version', body.version]]));
    return EXIT.done;
  },
});
