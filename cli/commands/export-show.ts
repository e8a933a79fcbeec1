import { defineCommand } from '../command.ts';
import { durationSeconds } from '../duration.ts';
import { exportExit, exportPath, showExport, untilQuiet } from '../exports.ts';
import type { ExportDetail } from '../exports.ts';
import { withProgress } from '../output/progress.ts';

const NAME = 'export show';

export const command = defineCommand({
  name: NAME,
  about: 'Show an export, who approved it and who is waited for',
  notes: 'Exit code 0: exported; 3: under way; 4: blocked; 5: rejected, cancelled or expired; 1: failed.',
  operands: { export: { about: 'the id of the export' } },
  flags: { wait: { kind: 'text', value: 'DURATION', about: 'how long to wait for its end' } },
  run: async ({ operands: { export: id }, flags: { wait = '0s' } }, { client, out }) => {
    const patience = durationSeconds(wait, 'wait', NAME);
    const { body } = await client.get<ExportDetail>(exportPath(id));
    const found = await withProgress(out.progress, 'exporting', untilQuiet(client, body, patience));
    out.answer(found, () => showExport(out, found));
    return exportExit(found);
  },
});
