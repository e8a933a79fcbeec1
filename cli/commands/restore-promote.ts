import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';

interface Promoted {
  status: string;
  promoted_by?: string[];
  single_operator?: boolean;
  origin?: string;
  epoch?: number;
}

export const command = defineCommand({
  name: 'restore promote',
  about: 'Let a restored record go on: its log gets a new epoch and a new key',
  notes:
    'Two people ask for it: the first gets exit code 3. Where one person is all there is, --confirm repeats the origin. The first entry of the new epoch names what was lost.',
  operands: { origin: { about: 'the origin of the log that ends, as `ledger_origin` of status shows it' } },
  flags: {
    reason: { kind: 'text', required: true, about: 'why this record is the one that goes on' },
    confirm: { kind: 'text', value: 'ORIGIN', about: 'the origin once more' },
  },
  run: async ({ operands: { origin }, flags: { reason, confirm } }, { client, out }) => {
    const asked = { origin, reason, ...(confirm === undefined ? {} : { confirm }) };
    const { status, body } = await client.post<Promoted>('/v1/restore/promote', asked);
    out.answer(body, () =>
      out.facts([
        ['status', body.status],
        ...(body.promoted_by === undefined ? [] : [['promoted_by', body.promoted_by.join(', ')] as const]),
        ...(body.single_operator === undefined ? [] : [['single_operator', body.single_operator] as const]),
        ...(body.origin === undefined ? [] : [['origin', body.origin] as const]),
        ...(body.epoch === undefined ? [] : [['epoch', body.epoch] as const]),
      ]),
    );
    return status === 202 ? EXIT.pending : EXIT.done;
  },
});
