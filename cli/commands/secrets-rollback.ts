import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { slotPath, writtenFacts } from '../secrets.ts';
import type { WrittenAnswer } from '../secrets.ts';

export const command = defineCommand({
  name: 'secrets rollback',
  about: 'Bring the value of an earlier version back, as a new version; live leases of the slot end',
  operands: { slot: { about: 'the name of the slot' } },
  flags: { to: { kind: 'integer', value: 'VERSION', required: true, about: 'the earlier version' } },
  run: async ({ operands: { slot }, flags: { to } }, { client, out }) => {
    const { body } = await client.post<WrittenAnswer>(slotPath(slot, '/rollback'), { version: to });
    out.answer(body, () => out.facts(writtenFacts(body)));
    return EXIT.done;
  },
});
