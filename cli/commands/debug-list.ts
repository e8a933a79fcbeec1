import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';

interface Summary {
  capture_id: string;
  window_id: string;
  source: string;
  at: string;
  method: string;
  path_template: string;
  status: number | null;
  expires_at: string;
}

export const command = defineCommand({
  name: 'debug list',
  about: 'List what was captured and has not expired, newest first',
  flags: {
    window: { kind: 'text', value: 'ID', about: 'of this window' },
    limit: { kind: 'integer', about: 'how many at most' },
  },
  run: async ({ flags: { window, limit } }, { client, out }) => {
    const query = {
      ...(window === undefined ? {} : { window }),
      ...(limit === undefined ? {} : { limit: String(limit) }),
    };
    const { body, next } = await client.get<Summary[]>('/v1/debug/captures', { query });
    out.answer(body, () =>
      out.table(
        body,
        [
          { head: 'CAPTURE', cell: (c) => c.capture_id },
          { head: 'WINDOW', cell: (c) => c.window_id },
          { head: 'AT', cell: (c) => c.at },
          { head: 'SOURCE', cell: (c) => c.source },
          { head: 'METHOD', cell: (c) => c.method },
          { head: 'PATH', cell: (c) => c.path_template },
          { head: 'STATUS', cell: (c) => c.status },
          { head: 'EXPIRES', cell: (c) => c.expires_at },
        ],
        'nothing was captured',
      ),
    );
    if (next !== undefined) out.note('there are more');
    return EXIT.done;
  },
});
