import type { IntegrityDiff } from '../answers.ts';
import { APPROVAL_FLAGS, reviewedDigest } from '../approval.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { DEFAULT_BASELINE, showIntegrityDiff } from '../integrity.ts';
import { withProgress } from '../output/progress.ts';

const NAME = 'integrity baseline approve';

export const command = defineCommand({
  name: NAME,
  about: 'Take the protected files as they are into a new version of the baseline',
  notes:
    'Needs an open integrity violation or a maintenance ticket. Without --reviewed it shows `integrity diff` and asks; refused when the files have changed since.',
  flags: {
    ...APPROVAL_FLAGS,
    baseline: { kind: 'text', value: 'NAME', about: `the baseline, by default ${DEFAULT_BASELINE}` },
  },
  run: async ({ flags }, { client, out, ask }) => {
    const { baseline = DEFAULT_BASELINE, reason, ticket } = flags;
    const reviewed = await reviewedDigest(
      flags,
      { out, ask },
      {
        command: NAME,
        read: async () => (await client.get<IntegrityDiff>('/v1/integrity/diff', { query: { baseline } })).body,
        show: (diff) => showIntegrityDiff(out, diff),
        question: () => `take the files of ${baseline} as they are as its new version?`,
        otherwise: 'run `integrity check`',
      },
    );
    if (reviewed === undefined) return EXIT.no;
    const approval = { baseline, reason, reviewed, ...(ticket === undefined ? {} : { ticket }) };
    const sent = client.post<{ version: number }>('/v1/integrity/baseline/approve', approval);
    const { body } = await withProgress(out.progress, 'reading files', sent);
    out.answer(body, () => out.facts([['baseline_version', body.version]]));
    return EXIT.done;
  },
});
