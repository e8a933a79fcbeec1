import { isSha256Hex } from '../../domain/canonical/hash.ts';
import type { TokenView } from '../../domain/identity/token.ts';
import { defineCommand } from '../command.ts';
import { UsageError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { tokenFacts, tokenPath } from '../tokens.ts';

export const command = defineCommand({
  name: 'token disable',
  about: 'Disable a token for good; within a second no process accepts it',
  notes:
    'With --database it needs no server. The SHA-256 of a token is what printf %s TOKEN | sha256sum says, or what token list\nshows. The same in psql: UPDATE api_tokens SET disabled=1 WHERE token_sha256=… , which is recorded as break_glass.',
  flags: {
    sha256: { kind: 'text', value: 'HASH', required: true, about: 'the SHA-256 of the token, in hex' },
    database: { kind: 'text', value: 'URL', about: 'the database itself, with no server' },
  },
  run: async ({ flags: { sha256, database } }, { client, out, workspace }) => {
    if (!isSha256Hex(sha256)) throw new UsageError('--sha256 takes 64 lower-case hex digits', 'token disable');
    const disabled =
      database === undefined
        ? (await client.post<TokenView>(tokenPath(sha256, '/disable'), {})).body
        : await (await import('../break-glass/tokens.ts')).disableOffline(database, sha256, workspace);
    out.answer(disabled, () => tokenFacts(out, disabled));
    return EXIT.done;
  },
});
