import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { keyTable } from '../keys/answers.ts';
import type { KeyAnswer } from '../keys/answers.ts';

export const command = defineCommand({
  name: 'keys revoke',
  about: 'Revoke a key for good',
  notes:
    'One’s own; another user’s takes security_owner or org_admin. What it signed and nobody has taken yet is refused.',
  operands: { id: { about: 'the id of the key, as keys list shows it' } },
  run: async ({ operands: { id } }, { client, out }) => {
    const { body } = await client.post<KeyAnswer>(`/v1/keys/${encodeURIComponent(id)}/revoke`, {});
    out.answer(body, () => keyTable(out, [body]));
    return EXIT.done;
  },
});
