import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { ACCOUNT_OPERANDS, accountFacts, accountPath } from '../upstreams/account.ts';
import type { AccountAnswer } from '../upstreams/account.ts';

export const command = defineCommand({
  name: 'upstream auth status',
  about: 'Show whether somebody has logged in to the OAuth account of an upstream',
  notes: 'Exit code 0 when logged in and the last refresh did not fail, 1 otherwise.',
  operands: ACCOUNT_OPERANDS,
  run: async ({ operands: { name } }, { client, out }) => {
    const { body } = await client.get<AccountAnswer>(accountPath(name, 'account'));
    accountFacts(out, body);
    return body['state'] === 'logged_in' && body['error'] === null ? EXIT.done : EXIT.no;
  },
});
