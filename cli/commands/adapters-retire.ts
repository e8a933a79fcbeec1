import { adapterPath } from '../adapters.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';

interface Retired {
  status: string;
  retired_by?: string[];
}

export const command = defineCommand({
  name: 'adapters retire',
  about: 'End the part of an adapter in every pending action',
  notes:
    'Two people ask for it: the first gets exit code 3. Where one person is all there is, --confirm repeats the name.',
  operands: { name: { about: 'the name of the adapter' } },
  flags: {
    reason: { kind: 'text', required: true, about: 'why it will not acknowledge any more' },
    confirm: { kind: 'text', value: 'NAME', about: 'the name of the adapter once more' },
  },
  run: async ({ operands: { name }, flags: { reason, confirm } }, { client, out }) => {
    const asked = { reason, ...(confirm === undefined ? {} : { confirm }) };
    const { status, body } = await client.post<Retired>(adapterPath(name, '/retire'), asked);
    out.answer(body, () =>
      out.facts([
        ['status', body.status],
        ...(body.retired_by === undefined ? [] : [['retired_by', body.retired_by.join(', ')] as const]),
      ]),
    );
    return status === 202 ? EXIT.pending : EXIT.done;
  },
});
