import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';

export const command = defineCommand({
  name: 'reload',
  about: 'Put the reviewed files into force: the containment policy and the upstreams',
  notes: 'A file that does not parse strictly is refused with what is wrong in it, and where; what is in force stays.',
  run: async (_input, { client, out }) => {
    const { body } = await client.post<{ status: string; policy_digest: string; upstreams_digest?: string }>(
      '/api/v1/reload',
      {},
    );
    out.answer(body, () => out.facts(Object.entries(body)));
    return EXIT.done;
  },
});
