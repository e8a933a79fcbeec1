import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { withProgress } from '../output/progress.ts';
import { measure, putFile } from '../registry/put-file.ts';

export const command = defineCommand({
  name: 'registry put',
  about: 'Put a file into the registry under its digest',
  notes:
    'What is longer than 8 MiB goes in parts, and goes on where the connection was lost. The same file again changes nothing.',
  operands: { file: { about: 'the file' } },
  run: async ({ operands: { file } }, { client, out }) => {
    const measured = await withProgress(out.progress, 'reading', measure(file));
    const part = { done: 0, of: measured.size };
    const work = putFile(client, file, measured, (bytes) => (part.done = bytes));
    const put = await withProgress(out.progress, 'putting', work, () => part);
    out.answer(put, () => out.facts(Object.entries(put)));
    return EXIT.done;
  },
});
