import { GATES } from '../../domain/containment/types.ts';
import type { GateAnswer } from '../answers.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';

export const command = defineCommand({
  name: 'gates check',
  about: 'Ask whether a gate is open',
  notes: 'Exit code 0 when it is open, 1 when it is closed, 7 when nobody can tell: take that for closed.',
  operands: {
    gate: { about: 'which gate', values: GATES },
    target: { about: 'a subject, digest or tool; without one any hold behind the gate counts', optional: true },
  },
  run: async ({ operands: { gate, target } }, { client, out }) => {
    const asked = { gate, ...(target === undefined ? {} : { target }) };
    const { body } = await client.post<GateAnswer>('/v1/gates/check', asked);
    out.answer(body, () => {
      out.line(body.open ? 'open' : 'closed');
      if (!body.open)
        out.table(
          body.holds,
          [
            { head: 'HOLD', cell: (h) => h.hold_id },
            { head: 'SINCE', cell: (h) => h.since },
            { head: 'REASON', cell: (h) => h.reason },
          ],
          'held by nothing that is shown',
        );
    });
    return body.open ? EXIT.done : EXIT.no;
  },
});
