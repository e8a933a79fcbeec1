import type { Answer } from '../client.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { keyTable } from '../keys/answers.ts';
import type { KeyAnswer } from '../keys/answers.ts';

export const command = defineCommand({
  name: 'keys list',
  about: 'List the registered keys of the workspace; revoked ones stay',
  run: async (_input, { client, out }) => {
    const keys: KeyAnswer[] = [];
    let path: string | undefined = '/v1/keys';
    while (path !== undefined) {
      const page: Answer<KeyAnswer[]> = await client.get(path);
      keys.push(...page.body);
      path = page.next;
    }
    out.answer(keys, () => keyTable(out, keys));
    return EXIT.done;
  },
});
