import { EXPORT_REASONS, EXPORT_STATES } from '../../domain/export/types.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { EXPORTS, exportTable } from '../exports.ts';
import type { ExportAnswer } from '../exports.ts';

export const command = defineCommand({
  name: 'export list',
  about: 'List exports, newest first',
  flags: {
    state: { kind: 'text', about: 'only in this state', values: EXPORT_STATES },
    bundle: { kind: 'text', value: 'NAME', about: 'only of bundles of this name' },
    reason: { kind: 'text', about: 'only those with this reason', values: EXPORT_REASONS },
    limit: { kind: 'integer', about: 'how many at most' },
  },
  run: async ({ flags: { state, bundle, reason, limit } }, { client, out }) => {
    const { body, next } = await client.get<ExportAnswer[]>(EXPORTS, { query: { state, bundle, reason, limit } });
    out.answer(body, () => exportTable(out, body));
    if (next !== undefined) out.note('there are more');
    return EXIT.done;
  },
});
