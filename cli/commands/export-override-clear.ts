import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';

export const command = defineCommand({
  name: 'export override clear',
  about: 'End the override that stands; that none does is no error',
  run: async (_input, { client, out }) => {
    const { body } = await client.post<{ cleared: string | null }>('/v1/exports/overrides/clear', {});
    out.answer(body, () =>
      out.facts([
        ['override', 'none'],
        ['cleared', body.cleared ?? 'none stood'],
      ]),
    );
    return EXIT.done;
  },
});
