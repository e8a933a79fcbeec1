import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';

export const command = defineCommand({
  name: 'debug prune',
  about: 'Delete captures: all, those before an instant, or those of one window',
  notes: 'Captures expire by themselves after 24h; this does not wait for it.',
  flags: {
    before: { kind: 'text', value: 'TIME', about: 'those before this, as 2026-03-14T12:00:00Z' },
    window: { kind: 'text', value: 'ID', about: 'those of this window' },
  },
  run: async ({ flags: { before, window } }, { client, out }) => {
    const asked = {
      ...(before === undefined ? {} : { before }),
      ...(window === undefined ? {} : { window_id: window }),
    };
    let pruned = 0;
    for (let more = true; more;) {
      const { body } = await client.post<{ pruned: number; more: boolean }>('/v1/debug/prune', asked);
      pruned += body.pruned;
      more = body.more;
    }
    out.answer({ pruned }, () => out.facts([['pruned', pruned]]));
    return EXIT.done;
  },
});
