import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { ACCOUNT_OPERANDS, accountFacts, accountPath } from '../upstreams/account.ts';
import type { AccountAnswer } from '../upstreams/account.ts';

export const command = defineCommand({
  name: 'upstream auth logout',
  about: 'Forget the tokens of the OAuth account of an upstream and have them revoked',
  notes:
    'Exit code 0 when the authorization server revoked them, 1 when it did not: they are forgotten here, and count there until they end.',
  operands: ACCOUNT_OPERANDS,
  run: async ({ operands: { name } }, { client, out }) => {
    const { body } = await client.post<AccountAnswer>(accountPath(name, 'logout'), {});
    accountFacts(out, body);
    return body['revoked'] === true ? EXIT.done : EXIT.no;
  },
});
