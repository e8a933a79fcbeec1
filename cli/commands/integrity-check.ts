import type { IntegrityDiff } from '../answers.ts';
import { defineCommand } from '../command.ts';
import { answerDiff, DEFAULT_BASELINE } from '../integrity.ts';
import { withProgress } from '../output/progress.ts';

export const command = defineCommand({
  name: 'integrity check',
  about: 'Check the protected files against their baseline now',
  notes: 'Exit code 0 when they match, else 1.',
  flags: { baseline: { kind: 'text', value: 'NAME', about: `the baseline, by default ${DEFAULT_BASELINE}` } },
  run: async ({ flags: { baseline = DEFAULT_BASELINE } }, { client, out }) => {
    const sent = client.post<IntegrityDiff>('/v1/integrity/check', { baseline });
    const { body } = await withProgress(out.progress, 'checking files', sent);
    return answerDiff(out, body);
  },
});
