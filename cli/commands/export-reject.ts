import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { exportPath, showExport } from '../exports.ts';
import type { ExportDetail } from '../exports.ts';

export const command = defineCommand({
  name: 'export reject',
  about: 'End an export that waits for approvals',
  operands: { export: { about: 'the id of the export' } },
  flags: { reason: { kind: 'text', required: true, about: 'why it does not leave' } },
  run: async ({ operands: { export: id }, flags: { reason } }, { client, out }) => {
    const { body } = await client.post<ExportDetail>(exportPath(id, '/reject'), { reason });
    out.answer(body, () => showExport(out, body));
    return EXIT.done;
  },
});
