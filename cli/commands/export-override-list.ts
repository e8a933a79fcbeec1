import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import type { OverrideAnswer } from '../governance/answers.ts';

export const command = defineCommand({
  name: 'export override list',
  about: 'List the overrides of the workspace, newest first',
  flags: { limit: { kind: 'integer', about: 'how many at most' } },
  run: async ({ flags: { limit } }, { client, out }) => {
    const { body, next } = await client.get<OverrideAnswer[]>('/v1/exports/overrides', { query: { limit } });
    out.answer(body, () =>
      out.table(
        body,
        [
          { head: 'OVERRIDE', cell: (o) => o.override_id },
          { head: 'STATE', cell: (o) => o.state },
          { head: 'TICKET', cell: (o) => o.ticket },
          { head: 'BY', cell: (o) => o.opened_by },
          { head: 'OPENED', cell: (o) => o.opened_at },
          { head: 'EXPIRES', cell: (o) => o.not_after },
          { head: 'EXPORT', cell: (o) => o.export_id },
          { head: 'REVIEWED', cell: (o) => o.reviewed_by },
        ],
        'no overrides',
      ),
    );
    if (next !== undefined) out.note('there are more');
    return EXIT.done;
  },
});
