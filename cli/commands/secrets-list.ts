import type { Answer } from '../client.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { withProgress } from '../output/progress.ts';
import { SLOT_COLUMNS } from '../secrets.ts';
import type { SlotAnswer } from '../secrets.ts';

export const command = defineCommand({
  name: 'secrets list',
  about: 'List the slots by name, without their values',
  run: async (_input, { client, out }) => {
    const listed: SlotAnswer[] = [];
    let page: Answer<SlotAnswer[]> = await client.get('/v1/secrets');
    listed.push(...page.body);
    while (page.next !== undefined) {
      page = await withProgress(out.progress, `listing, ${listed.length} so far`, client.get(page.next));
      listed.push(...page.body);
    }
    out.answer(listed, () => out.table(listed, SLOT_COLUMNS, 'no secrets'));
    return EXIT.done;
  },
});
