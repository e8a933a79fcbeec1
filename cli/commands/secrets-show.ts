import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { slotPath, VERSION_COLUMNS } from '../secrets.ts';
import type { SlotAnswer, VersionAnswer } from '../secrets.ts';

type Shown = SlotAnswer & { master_key_id: string | null; live_leases: number; versions: VersionAnswer[] };

export const command = defineCommand({
  name: 'secrets show',
  about: 'Show a slot and its versions, without their values',
  operands: { slot: { about: 'the name of the slot' } },
  run: async ({ operands: { slot } }, { client, out }) => {
    const { body } = await client.get<Shown>(slotPath(slot));
    out.answer(body, () => {
      out.facts([
        ['slot', body.slot],
        ['kind', body.kind],
        ['class', body.class],
        ['version', body.version],
        ['previous_version', body.previous_version],
        ['staged_version', body.staged_version],
        ['exposed_since', body.exposed_since],
        ['live_leases', body.live_leases],
        ['master_key_id', body.master_key_id],
      ]);
      out.table(body.versions, VERSION_COLUMNS, 'no versions');
    });
    return EXIT.done;
  },
});
