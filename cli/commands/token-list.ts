import type { TokenView } from '../../domain/identity/token.ts';
import type { Answer } from '../client.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { withProgress } from '../output/progress.ts';
import { tokenTable } from '../tokens.ts';

export const command = defineCommand({
  name: 'token list',
  about: 'List the tokens of the workspace, newest first, also those that are over',
  flags: {
    limit: { kind: 'integer', about: 'at most so many, 1 to 1000' },
    all: { kind: 'boolean', about: 'every page' },
  },
  run: async ({ flags: { limit, all } }, { client, out }) => {
    let page: Answer<TokenView[]> = await client.get('/v1/tokens', { query: { limit } });
    const listed = [...page.body];
    while (all && page.next !== undefined) {
      page = await withProgress(out.progress, `listing, ${listed.length} so far`, client.get(page.next));
      listed.push(...page.body);
    }
    out.answer(listed, () => tokenTable(out, listed));
    if (page.next !== undefined && limit === undefined) out.note('there are more: --all lists them');
    return EXIT.done;
  },
});
