import { DEBUG_LEVELS } from '../../domain/runtime/capture-window.ts';
import { defineCommand } from '../command.ts';
import { durationSeconds } from '../duration.ts';
import { EXIT } from '../exit-codes.ts';

const NAME = 'runtime debug';

export const command = defineCommand({
  name: NAME,
  about: 'Capture bodies for a while, redacted and encrypted, or stop it (off)',
  notes:
    'errors: exchanges answered with 400 or more, for 24h at most. full: all of them, for 30m at most and with a ticket.\nThe window closes itself; captures are kept for 24h. Bodies of secrets, leases and tokens are never captured.',
  operands: { level: { about: 'off, errors or full', values: DEBUG_LEVELS } },
  flags: {
    ticket: { kind: 'text', about: 'the ticket that called for it; full needs one' },
    for: { kind: 'text', value: 'DURATION', about: 'how long: 20m, 24h; not with off' },
  },
  run: async ({ operands: { level }, flags: { ticket, for: time } }, { client, out }) => {
    const { body } = await client.post<{
      debug_level: string;
      debug_until: string | null;
      debug_window: string | null;
    }>('/v1/runtime/debug', {
      level,
      ...(ticket === undefined ? {} : { ticket }),
      ...(time === undefined ? {} : { for_seconds: durationSeconds(time, 'for', NAME) }),
    });
    out.answer(body, () =>
      out.facts([
        ['debug_level', body.debug_level],
        ['debug_until', body.debug_until],
        ['debug_window', body.debug_window],
      ]),
    );
    return EXIT.done;
  },
});
