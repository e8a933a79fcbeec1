import { adapterTable } from '../adapters.ts';
import type { AdapterAnswer } from '../adapters.ts';
import type { Answer } from '../client.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { withProgress } from '../output/progress.ts';

export const command = defineCommand({
  name: 'adapters list',
  about: 'List the adapters with what each has yet to acknowledge',
  run: async (_input, { client, out }) => {
    let page: Answer<AdapterAnswer[]> = await client.get('/v1/adapters');
    const listed = [...page.body];
    while (page.next !== undefined) {
      page = await withProgress(out.progress, `listing, ${listed.length} so far`, client.get(page.next));
      listed.push(...page.body);
    }
    out.answer(listed, () => adapterTable(out, listed));
    return EXIT.done;
  },
});
