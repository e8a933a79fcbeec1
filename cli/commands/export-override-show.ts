import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { overrideFacts, overridePath } from '../governance/answers.ts';
import type { OverrideAnswer } from '../governance/answers.ts';

export const command = defineCommand({
  name: 'export override show',
  about: 'Show an override: who opened it, which export used it, who reviewed it',
  operands: { override: { about: 'the id of the override' } },
  run: async ({ operands: { override: id } }, { client, out }) => {
    const { body } = await client.get<OverrideAnswer>(overridePath(id));
    out.answer(body, () => overrideFacts(out, body));
    return EXIT.done;
  },
});
