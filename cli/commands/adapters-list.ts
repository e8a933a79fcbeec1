import { adapterTable } from '../adapters.ts';
import type { AdapterAnswer } from '../adapters.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';

export const command = defineCommand({
  name: 'adapters list',
  about: 'List the adapters with what each has yet to acknowledge',
  run: async (_input, { client, out }) => {
    const { body } = await client.get<AdapterAnswer[]>('/v1/adapters');
    out.answer(body, () => adapterTable(out, body));
    return EXIT.done;
  },
});
