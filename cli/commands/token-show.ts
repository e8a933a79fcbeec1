import type { TokenView } from '../../domain/identity/token.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { tokenFacts, tokenPath } from '../tokens.ts';

export const command = defineCommand({
  name: 'token show',
  about: 'Show a token by its SHA-256; nobody can show its text',
  operands: { sha256: { about: 'the SHA-256 of the token, in hex' } },
  run: async ({ operands: { sha256 } }, { client, out }) => {
    const { body } = await client.get<TokenView>(tokenPath(sha256));
    out.answer(body, () => tokenFacts(out, body));
    return EXIT.done;
  },
});
