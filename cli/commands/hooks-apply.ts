import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { readHooks } from '../hooks.ts';

const NAME = 'hooks apply';

export const command = defineCommand({
  name: NAME,
  about: 'Swap the whole set of hooks for the reviewed one in a file',
  notes:
    'FILE is {version: 1, hooks: [{name, url, events, min_severity, secret: {ref}, internal}]} in YAML or JSON. Without ' +
    '--digest nothing is changed: the digest of the file is printed, to be given once it was reviewed.',
  operands: { file: { about: 'the reviewed file' } },
  flags: { digest: { kind: 'text', value: 'SHA256', about: 'of the set that was reviewed' } },
  run: async ({ operands: { file }, flags: { digest } }, { client, out }) => {
    const read = await readHooks(file, NAME);
    if (digest === undefined) {
      out.answer({ digest: read.digest }, () => out.facts([['digest', read.digest]]));
      return EXIT.pending;
    }
    const { body } = await client.put<{ status: string; digest: string; hooks: number }>('/v1/hooks', {
      set: read.set,
      digest,
    });
    out.answer(body, () =>
      out.facts([
        ['status', body.status],
        ['hooks', body.hooks],
        ['digest', body.digest],
      ]),
    );
    return EXIT.done;
  },
});
