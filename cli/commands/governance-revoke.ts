import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { waiverFacts, waiverPath } from '../governance/answers.ts';
import type { RecordedWaiver } from '../governance/answers.ts';
import { catchUp, ledgerFile } from '../governance/ledger-file.ts';

export const command = defineCommand({
  name: 'governance revoke',
  about: 'Revoke a waiver for good',
  notes: 'With --bundle the line of the revocation is added to the folder’s ledger as well.',
  operands: { waiver: { about: 'the id of the waiver' } },
  flags: {
    reason: { kind: 'text', required: true, about: 'why it stands no more' },
    bundle: { kind: 'text', value: 'DIR', about: 'the folder of the bundle' },
  },
  run: async ({ operands: { waiver: id }, flags: { reason, bundle } }, { client, out }) => {
    const { body } = await client.post<RecordedWaiver>(`${waiverPath(id)}/revoke`, { reason });
    if (bundle !== undefined) await catchUp(client, bundle, body.bundle.digest);
    out.answer(body, () => waiverFacts(out, body, bundle === undefined ? [] : [['ledger', ledgerFile(bundle)]]));
    return EXIT.done;
  },
});
