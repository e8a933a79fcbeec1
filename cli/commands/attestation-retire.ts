import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';

interface Retired {
  status: string;
  retired_by?: string[];
  single_operator?: boolean;
}

export const command = defineCommand({
  name: 'attestation retire',
  about: 'Take a destroyed node out of every ceremony',
  notes:
    'Two people ask for it: the first gets exit code 3. Where one person is all there is, --confirm repeats the name.',
  operands: { node: { about: 'the name of the node' } },
  flags: {
    reason: { kind: 'text', required: true, about: 'what became of the node' },
    confirm: { kind: 'text', value: 'NODE', about: 'the name of the node once more' },
  },
  run: async ({ operands: { node }, flags: { reason, confirm } }, { client, out }) => {
    const asked = { node, reason, ...(confirm === undefined ? {} : { confirm }) };
    const { status, body } = await client.post<Retired>('/v1/attestation/retire', asked);
    out.answer(body, () =>
      out.facts([
        ['status', body.status],
        ...(body.retired_by === undefined ? [] : [['retired_by', body.retired_by.join(', ')] as const]),
        ...(body.single_operator === undefined ? [] : [['single_operator', body.single_operator] as const]),
      ]),
    );
    return status === 202 ? EXIT.pending : EXIT.done;
  },
});
