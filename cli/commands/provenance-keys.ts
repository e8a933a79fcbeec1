import type { ProvenanceKey } from '../../domain/export/provenance-key.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';

export const command = defineCommand({
  name: 'provenance keys',
  about: 'List the public keys that the statements of exports verify with; replaced ones stay for ever',
  notes: `What --json prints, kept by whoever receives exports, is what export verify takes as --key-file.`,
  run: async (_input, { client, out }) => {
    const { body } = await client.get<{ keys: ProvenanceKey[] }>('/v1/provenance/keys');
    out.answer(body, () => {
      out.table(
        body.keys,
        [
          { head: 'KEY', cell: (k) => k.key_id },
          { head: 'SINCE', cell: (k) => k.since },
          { head: 'UNTIL', cell: (k) => k.until },
          { head: 'PUBLIC_KEY', cell: (k) => k.public_key },
        ],
        'no keys: nothing was exported from here',
      );
    });
    return EXIT.done;
  },
});
