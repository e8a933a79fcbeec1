import { ROLES } from '../../domain/identity/roles.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { exportPath, showExport } from '../exports.ts';
import type { ExportDetail } from '../exports.ts';

export const command = defineCommand({
  name: 'export approve',
  about: 'Approve an export that somebody else asked for',
  notes:
    'Exit code 3 while others have to approve as well. Where one person is all there is, --confirm repeats the id.',
  operands: { export: { about: 'the id of the export' } },
  flags: {
    role: { kind: 'text', about: 'the role that it counts for, by default the first that is wanted', values: ROLES },
    'not-after': { kind: 'text', value: 'TIME', about: 'until when it is good, RFC 3339' },
    confirm: { kind: 'text', value: 'ID', about: 'the id of the export once more' },
  },
  run: async ({ operands: { export: id }, flags: { role, confirm, 'not-after': notAfter } }, { client, out }) => {
    const asked = {
      ...(role === undefined ? {} : { role }),
      ...(notAfter === undefined ? {} : { not_after: notAfter }),
      ...(confirm === undefined ? {} : { confirm }),
    };
    const { body } = await client.post<ExportDetail>(exportPath(id, '/approve'), asked);
    out.answer(body, () => showExport(out, body));
    return body.state === 'pending_approval' ? EXIT.pending : EXIT.done;
  },
});
