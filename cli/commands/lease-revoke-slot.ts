import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { revokedFacts } from '../leases.ts';
import type { RevokedAnswer } from '../leases.ts';
import { slotPath } from '../secrets.ts';

export const command = defineCommand({
  name: 'lease revoke-slot',
  about: 'End every lease of a slot; its value stays until it is set anew',
  operands: { slot: { about: 'the name of the slot' } },
  run: async ({ operands: { slot } }, { client, out }) => {
    const { body } = await client.post<RevokedAnswer>(slotPath(slot, '/revoke-leases'), {});
    out.answer(body, () => out.facts(revokedFacts(body)));
    return EXIT.done;
  },
});
