import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import type { WaiverAnswer } from '../governance/answers.ts';
import { requireDigest } from '../registry/bundle.ts';

export const command = defineCommand({
  name: 'governance list',
  about: 'List the waivers of the workspace, newest first; those that ended stay',
  flags: {
    bundle: { kind: 'text', value: 'DIGEST', about: 'only of the bundle of this digest, sha256:…' },
    limit: { kind: 'integer', about: 'how many at most' },
  },
  run: async ({ flags: { bundle, limit } }, { client, out }) => {
    if (bundle !== undefined) requireDigest(bundle);
    const { body, next } = await client.get<WaiverAnswer[]>('/v1/governance/waivers', { query: { bundle, limit } });
    out.answer(body, () =>
      out.table(
        body,
        [
          { head: 'WAIVER', cell: (w) => w.waiver_id },
          { head: 'STATE', cell: (w) => w.state },
          { head: 'BUNDLE', cell: (w) => `${w.bundle.name}@${w.bundle.version}` },
          { head: 'BY', cell: (w) => w.by },
          { head: 'ROLE', cell: (w) => w.role },
          { head: 'WAIVED', cell: (w) => w.waived_at },
          { head: 'NOT_AFTER', cell: (w) => w.not_after },
        ],
        'no waivers',
      ),
    );
    if (next !== undefined) out.note('there are more');
    return EXIT.done;
  },
});
