import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { exportLog } from '../ledger/export-log.ts';
import { servedLog } from '../ledger/log-source.ts';
import { recordsOf } from '../ledger/save-records.ts';
import { withProgress } from '../output/progress.ts';

export const command = defineCommand({
  name: 'ledger export',
  about: 'Write a copy of the log into a folder, as C2SP tlog-tiles, with what is on record beside it',
  notes:
    'Run again it fetches what is new, or what an export that broke off had not fetched yet. The role auditor may read tiles and\nrecords: the incidents, holds and anchors of one moment, which ledger verify holds against the entries.',
  flags: { out: { kind: 'text', value: 'DIR', required: true, about: 'the folder; it is made where there is none' } },
  run: async ({ flags: { out: folder } }, { client, out }) => {
    const progress = { done: 0, of: 0 };
    const work = exportLog(servedLog(client, '/ledger'), folder, progress, () => recordsOf(client));
    const exported = await withProgress(out.progress, 'exporting', work, () =>
      progress.of > 0 ? progress : undefined,
    );
    out.answer(exported, () => out.facts(Object.entries(exported)));
    return EXIT.done;
  },
});
