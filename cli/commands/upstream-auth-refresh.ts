import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { ACCOUNT_OPERANDS, accountFacts, accountPath } from '../upstreams/account.ts';
import type { AccountAnswer } from '../upstreams/account.ts';

export const command = defineCommand({
  name: 'upstream auth refresh',
  about: 'Take new tokens for the OAuth account of an upstream',
  notes: 'It happens by itself before a token ends.',
  operands: ACCOUNT_OPERANDS,
  run: async ({ operands: { name } }, { client, out }) => {
    accountFacts(out, (await client.post<AccountAnswer>(accountPath(name, 'refresh'), {})).body);
    return EXIT.done;
  },
});
