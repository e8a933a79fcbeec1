import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';

export const command = defineCommand({
  name: 'attestation reference approve',
  about: 'Take the quoted value of a PCR into the reference values',
  notes: 'Needs an open attestation failure or a maintenance ticket. Look at `attestation diff` first.',
  operands: { node: { about: 'the name of the node' } },
  flags: {
    pcr: { kind: 'integer', required: true, about: 'the number of the PCR' },
    reason: { kind: 'text', required: true, about: 'why the new value is right' },
    ticket: { kind: 'text', value: 'ID', about: 'the maintenance ticket' },
  },
  run: async ({ operands: { node }, flags: { pcr, reason, ticket } }, { client, out }) => {
    const approval = { node, pcr, reason, ...(ticket === undefined ? {} : { ticket }) };
    const { body } = await client.post<{ version: number }>('/v1/attestation/reference/approve', approval);
    out.answer(body, () => out.facts([['reference_version', body.version]]));
    return EXIT.done;
  },
});
