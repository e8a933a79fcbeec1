import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { waiverFacts, waiverPath } from '../governance/answers.ts';
import type { WaiverAnswer } from '../governance/answers.ts';

export const command = defineCommand({
  name: 'governance show',
  about: 'Show a waiver with its justification',
  operands: { waiver: { about: 'the id of the waiver' } },
  run: async ({ operands: { waiver: id } }, { client, out }) => {
    const { body } = await client.get<WaiverAnswer & { justification: string | null }>(waiverPath(id));
    out.answer(body, () => waiverFacts(out, body, [['justification', body.justification]]));
    return EXIT.done;
  },
});
