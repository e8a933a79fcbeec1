import { defineCommand } from '../command.ts';
import { UsageError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { withProgress } from '../output/progress.ts';

const NAME = 'attestation enroll';

export const command = defineCommand({
  name: NAME,
  about: 'Bind the successor of a node: a new TPM under the same name',
  notes:
    'Two people ask for it: the first gets exit code 3. Where one person is all there is, --confirm repeats the name.',
  flags: {
    replace: { kind: 'text', value: 'NODE', required: true, about: 'the name of the node' },
    reason: { kind: 'text', required: true, about: 'what became of the old TPM' },
    confirm: { kind: 'text', value: 'NODE', about: 'the name of the node once more' },
  },
  run: async ({ flags: { replace: node, reason, confirm } }, { client, out }) => {
    if (node.trim() === '') throw new UsageError('--replace names no node', NAME);
    const asked = { node, replace: true, reason, ...(confirm === undefined ? {} : { confirm }) };
    const sent = client.post<Record<string, unknown>>('/v1/attestation/enroll', asked);
    const { status, body } = await withProgress(out.progress, 'enrolling', sent);
    out.answer(body, () =>
      out.facts(
        Object.entries(body).map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]),
      ),
    );
    return status === 202 ? EXIT.pending : EXIT.done;
  },
});
