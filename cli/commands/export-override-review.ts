import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { overrideFacts, overridePath } from '../governance/answers.ts';
import type { OverrideAnswer } from '../governance/answers.ts';

export const command = defineCommand({
  name: 'export override review',
  about: 'Review an override that is over, as another person than the one who opened it',
  notes: 'Where one person is all there is, --confirm repeats the id, and the record says so.',
  operands: { override: { about: 'the id of the override' } },
  flags: {
    note: { kind: 'text', required: true, about: 'what the review found' },
    confirm: { kind: 'text', value: 'ID', about: 'the id once more' },
  },
  run: async ({ operands: { override: id }, flags: { note, confirm } }, { client, out }) => {
    const asked = { note, ...(confirm === undefined ? {} : { confirm }) };
    const { body } = await client.post<OverrideAnswer>(`${overridePath(id)}/review`, asked);
    out.answer(body, () => overrideFacts(out, body));
    return EXIT.done;
  },
});
