import { defineCommand } from '../command.ts';
import { UsageError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';

const NAME = 'model release';

export const command = defineCommand({
  name: NAME,
  about: 'End the quarantine of a model that was removed, or is what its registered manifest names',
  notes: 'While its incident is open the release is granted and takes effect when the incident is resolved.',
  operands: { target: { about: 'the target as `model list` shows it: a digest, a path, or * for all' } },
  flags: {
    verified: { kind: 'boolean', about: 'let the server read the blob and hold it against its registered manifest' },
    removed: { kind: 'boolean', about: 'the model was removed from wherever it was served' },
    reason: { kind: 'text', required: true, about: 'what was done' },
  },
  run: async ({ operands: { target }, flags: { removed, verified, reason } }, { client, out }) => {
    if (removed === verified) throw new UsageError('one of --removed and --verified is needed', NAME);
    const { body } = await client.post<{ released: number; granted: number }>('/v1/models/release', {
      target,
      how: verified ? 'verified' : 'removed',
      reason,
    });
    out.answer(body, () => out.facts(Object.entries(body)));
    return EXIT.done;
  },
});
