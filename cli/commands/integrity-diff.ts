import type { IntegrityDiff } from '../answers.ts';
import { defineCommand } from '../command.ts';
import { answerDiff, DEFAULT_BASELINE } from '../integrity.ts';

export const command = defineCommand({
  name: 'integrity diff',
  about: 'Show what the last check of the protected files found',
  notes: 'Exit code 0 when it passed, else 1.',
  flags: { baseline: { kind: 'text', value: 'NAME', about: `the baseline, by default ${DEFAULT_BASELINE}` } },
  run: async ({ flags: { baseline = DEFAULT_BASELINE } }, { client, out }) => {
    const { body } = await client.get<IntegrityDiff>('/v1/integrity/diff', { query: { baseline } });
    return answerDiff(out, body);
  },
});
