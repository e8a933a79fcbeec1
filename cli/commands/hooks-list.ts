import type { Hook } from '../../domain/hook/hooks.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';

interface Answer {
  digest: string | null;
  hooks: Hook[];
}

export const command = defineCommand({
  name: 'hooks list',
  about: 'List who is told of operator alerts outside, and the digest of the set in force',
  run: async (_input, { client, out }) => {
    const { body } = await client.get<Answer>('/v1/hooks');
    out.answer(body, () => {
      out.facts([['digest', body.digest ?? 'none']]);
      out.table(
        body.hooks,
        [
          { head: 'NAME', cell: (h) => h.name },
          { head: 'URL', cell: (h) => h.url },
          { head: 'EVENTS', cell: (h) => h.events.join(' ') },
          { head: 'FROM', cell: (h) => h.min_severity },
          { head: 'INTERNAL', cell: (h) => (h.internal ? 'yes' : 'no') },
        ],
        'no hook is in force',
      );
    });
    return EXIT.done;
  },
});
