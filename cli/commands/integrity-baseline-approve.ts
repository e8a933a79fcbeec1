import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { DEFAULT_BASELINE } from '../integrity.ts';
import { withProgress } from '../output/progress.ts';

export const command = defineCommand({
  name: 'integrity baseline approve',
  about: 'Take the protected files as they are into a new version of the baseline',
  notes: 'Needs an open integrity violation or a maintenance ticket. Look at `integrity diff` first.',
  flags: {
    reason: { kind: 'text', required: true, about: 'why the files are right as they are' },
    ticket: { kind: 'text', value: 'ID', about: 'the maintenance ticket' },
    baseline: { kind: 'text', value: 'NAME', about: `the baseline, by default ${DEFAULT_BASELINE}` },
  },
  run: async ({ flags: { baseline = DEFAULT_BASELINE, reason, ticket } }, { client, out }) => {
    const approval = { baseline, reason, ...(ticket === undefined ? {} : { ticket }) };
    const sent = client.post<{ version: number }>('/v1/integrity/baseline/approve', approval);
    const { body } = await withProgress(out.progress, 'reading files', sent);
    out.answer(body, () => out.facts([['baseline_version', body.version]]));
    return EXIT.done;
  },
});
