import type { GateRow } from '../answers.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';

export const command = defineCommand({
  name: 'gates',
  about: 'Show the five gates with what holds them closed',
  run: async (_input, { client, out }) => {
    const { body } = await client.get<GateRow[]>('/v1/gates');
    out.answer(body, () =>
      out.table(
        body,
        [
          { head: 'GATE', cell: (g) => g.gate },
          { head: 'STATE', cell: (g) => (g.open ? 'open' : 'closed') },
          { head: 'HOLDS', cell: (g) => g.hold_count },
          { head: 'SINCE', cell: (g) => g.holds[0]?.since },
          { head: 'BY', cell: (g) => g.holds[0]?.incident_id ?? g.holds[0]?.kill_id ?? g.holds[0]?.drill_id },
          { head: 'REASON', cell: (g) => g.holds[0]?.reason },
        ],
        'there are no gates',
      ),
    );
    return EXIT.done;
  },
});
