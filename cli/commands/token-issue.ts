import type { TokenView } from '../../domain/identity/token.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { readTerms, termsBody, tokenFacts } from '../tokens.ts';

export const command = defineCommand({
  name: 'token issue',
  about: 'Issue a bearer token; its text is shown this once',
  notes:
    'With --database it needs no server: it writes to the database itself, as offline:USER of this machine, in the workspace of\n--workspace. Tokens of the roles security_owner and org_admin are issued only so. The password of the URL can be left to\nPGPASSWORD or ~/.pgpass, where ps does not show it.',
  flags: {
    user: { kind: 'text', value: 'NAME', required: true, about: 'whom the token speaks for' },
    role: { kind: 'text', value: 'ROLE', required: true, about: 'what it allows; several with commas between them' },
    label: { kind: 'text', about: 'what it is for' },
    source: { kind: 'text', about: 'the only source that it may report' },
    classes: { kind: 'text', value: 'CLASS,…', about: 'the only classes that it may report' },
    expires: { kind: 'text', value: 'AGE', about: '45m, 12h, 30d; by default 90d, at most 366d' },
    database: { kind: 'text', value: 'URL', about: 'the database itself, with no server' },
  },
  run: async ({ flags }, { client, out, workspace }) => {
    const { database, expires } = flags;
    const terms = readTerms(flags);
    const issued: { token?: string } & TokenView =
      database === undefined
        ? (await client.post<{ token?: string } & TokenView>('/v1/tokens', termsBody(terms, expires))).body
        : await (await import('../break-glass/tokens.ts')).issueOffline(database, terms, workspace);
    out.answer(issued, () => {
      out.facts([['token', issued.token]]);
      tokenFacts(out, issued);
    });
    if (issued.token === undefined) {
      out.note('the answer that had the token was lost: disable this one and issue another');
      return EXIT.no;
    }
    out.note('the token is shown this once');
    return EXIT.done;
  },
});
