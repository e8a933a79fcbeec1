import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { exportPath, showExport } from '../exports.ts';
import type { ExportDetail } from '../exports.ts';

export const command = defineCommand({
  name: 'export cancel',
  about: 'End an export before it is complete',
  operands: { export: { about: 'the id of the export' } },
  flags: { reason: { kind: 'text', about: 'why it is not wanted any more' } },
  run: async ({ operands: { export: id }, flags: { reason } }, { client, out }) => {
    const asked = reason === undefined ? {} : { reason };
    const { body } = await client.post<ExportDetail>(exportPath(id, '/cancel'), asked);
    out.answer(body, () => showExport(out, body));
    return EXIT.done;
  },
});
